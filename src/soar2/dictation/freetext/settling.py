"""From bound statements to levels: whose doing it is, what overrules what, what a denial for all is worth."""

from dataclasses import dataclass, field, replace

from soar2.criteria import anatomy, escc
from soar2.criteria.escc import GradeRange
from soar2.dictation.freetext.binding import Aside, Fact, Prose
from soar2.dictation.freetext.mentions import Mention
from soar2.dictation.freetext.sections import ADDENDUM
from soar2.dictation.rows import LevelWords
from soar2.dictation.statements import Epidural, Flag, Place, Statement

_EVIDENCE = frozenset(("tumour", "lesion_seen"))


@dataclass(slots=True)
class Levels:
    """Levels with the words about them, in the order of the report, and what the report says once for all."""

    words: dict[str, LevelWords] = field(default_factory=dict)
    lesions: set[str] = field(default_factory=set)
    tumour: list[tuple[str, Place]] = field(default_factory=list)
    denied: Place | None = None
    outside: dict[str, Place] = field(default_factory=dict)
    #: Whether tumour or a lesion is named anywhere.
    named: bool = False
    flags: list[Flag] = field(default_factory=list)

    def at(self, level: str, place: Place) -> LevelWords:
        if level not in self.words:
            self.words[level] = LevelWords(level, place, in_macro=False)
        return self.words[level]


def settle(prose: Prose) -> Levels:
    """Facts brought together by level."""
    facts = _overruled(prose)
    found = Levels(named=any(_names_lesion(fact.mention) for fact in facts))
    _tumour_of(found, facts, prose)
    _dangers(found, facts)
    _pressed_by_others(found, facts, prose)
    ours = [fact for fact in facts if _ours(fact, found, prose)]
    for fact in ours:
        _add(found, fact, prose)
    _spread(found, [fact for fact in ours if not fact.levels], prose)
    _treated_levels(found)
    _fluid_gone(found, ours)
    _fill(found, ours)
    return found


def _overruled(prose: Prose) -> list[Fact]:
    """An addendum overrules findings and impression: what it states of an item at a level stands alone; a denial
    without a level removes what it excludes."""
    added = _distinct([fact for fact in prose.facts if fact.section == ADDENDUM])
    if not added:
        return prose.facts
    kept: list[Fact] = []
    for fact in prose.facts:
        new = added.get(_group(fact.mention), ())
        if fact.section == ADDENDUM or not new:
            kept.append(fact)
            continue
        left = tuple(level for level in fact.levels if not any(_overrules(n, fact, level) for n in new))
        gone = (fact.levels and not left) or (not fact.levels and any(_overrules(n, fact, "") for n in new))
        if gone:
            prose.overruled = True
            prose.asides.append(Aside(fact.place, "addendum"))
        else:
            kept.append(replace(fact, levels=left))
    return kept


def _group(mention: Mention) -> str:
    return "tumour" if mention.item == "lesion_seen" else mention.item


def _distinct(facts: list[Fact]) -> dict[str, list[Fact]]:
    """The addenda's statements by item, each once however often it is said: a few words and levels bound their number."""
    found: dict[tuple[object, ...], Fact] = {}
    for fact in facts:
        mention = fact.mention
        for level in fact.levels or ("",):
            one = replace(fact, levels=(level,) if level else ())
            found.setdefault(
                (mention.item, mention.word, mention.reach, mention.how, mention.other, level), one
            )
    groups: dict[str, list[Fact]] = {}
    for fact in found.values():
        groups.setdefault(_group(fact.mention), []).append(fact)
    return groups


def _overrules(new: Fact, old: Fact, level: str) -> bool:
    one, two = new.mention, old.mention
    if one.item == "tumour" and two.item in ("tumour", "lesion_seen") and one.word == "absent":
        return level in new.levels or not new.levels
    if one.item != two.item:
        return False
    if one.item == "escc":
        if one.other or two.other or one.reach is None or two.reach is None:
            return False
        if new.levels and level and level not in new.levels:
            return False
        if not new.levels and one.how not in ("excludes", "described", "graded"):
            return False
        if one.how == "hedge":
            return False
        return one.reach.meet(two.reach) is None or (two.how == "hedge" and one.word == "no")
    if one.item in ("tumour", "lesion_seen", "treated", "danger"):
        return False
    return bool(level) and level in new.levels


def _tumour_of(found: Levels, facts: list[Fact], prose: Prose) -> None:
    """Tumour for the report as a whole, from its own statements."""
    for fact in facts:
        mention = fact.mention
        if mention.item == "tumour":
            if mention.word == "absent":
                if not mention.levels and not fact.region and not mention.other:
                    found.denied = found.denied or fact.place
            else:
                found.tumour.append((mention.word, fact.place))
        elif mention.item == "lesion_seen" and mention.word == "suspicious":
            found.tumour.append(("suspected", fact.place))
        elif mention.item == "escc" and mention.how == "graded" and mention.reach and mention.reach.hi != "0":
            pass
    if not found.tumour and found.denied is None:
        denial = next(
            (
                f for f in facts
                if (f.mention.item == "lesion_denied" or (f.mention.item == "tumour" and f.mention.word == "absent"))
                and not f.mention.levels and not f.mention.other
            ),
            None,
        )  # fmt: skip
        found.denied = denial.place if denial else None


def _dangers(found: Levels, facts: list[Fact]) -> None:
    for fact in facts:
        if fact.mention.item == "danger":
            found.outside.setdefault(fact.mention.word, fact.place)


_OUTSIDE = {"benign_tumour": "primary_or_benign_tumour"}


def _pressed_by_others(found: Levels, facts: list[Fact], prose: Prose) -> None:
    """Severe compression of cord or cauda equina by another cause, or a changed cord beside any."""
    pressed = [fact for fact in facts if _presses(fact.mention) and _foreign(fact, found, prose)]
    changed = _levels_with_new_signal(facts) if pressed else set()
    for fact in pressed:
        key = _OUTSIDE.get(fact.cause, "compression")
        if fact.mention.strong or key != "compression" or "" in changed or changed & set(fact.levels):
            found.outside.setdefault(key, fact.place)


def _levels_with_new_signal(facts: list[Fact]) -> set[str]:
    """Levels at which the cord's signal is changed, and not of old; '' where no level is named."""
    heard: set[str] = set()
    for fact in facts:
        if fact.mention.item == "cord_signal" and fact.mention.word in ("new", "present"):
            heard.update(fact.levels or ("",))
    return heard


def _presses(mention: Mention) -> bool:
    return (
        mention.item == "escc"
        and mention.where in ("CORD", "CAUDA")
        and mention.how in ("described", "hedge")
        and mention.word != "no"
        and mention.reach is not None
        and mention.reach.may_reach("2")
    )


def _foreign(fact: Fact, found: Levels, prose: Prose) -> bool:
    """Whether the words give a cause that is not this programme's tumour."""
    if fact.cause == "fracture":
        tumour_here = any(word in ("present", "suspected") for word, _ in found.tumour)
        return not (tumour_here or prose.cancer)
    return fact.cause not in ("", "tumour")


def _ours(fact: Fact, found: Levels, prose: Prose) -> bool:
    """Whether the statement is about tumour, as far as the report allows to say."""
    mention = fact.mention
    if mention.item in ("danger",):
        return False
    if mention.item not in ("escc", "cord_signal"):
        return True
    if _foreign(fact, found, prose):
        prose.asides.append(Aside(fact.place, f"cause: {fact.cause}"))
        return False
    if mention.item == "cord_signal" or mention.how in ("excludes", "graded") or mention.word == "no":
        return True
    bare = mention.where in ("SAC", "CANAL", "CSF", "CSFPART", "ROOT", "") and fact.cause == ""
    if bare and mention.reach is not None and not _is_epidural_tissue(mention):
        return bool(found.tumour) or found.named
    return True


def _is_epidural_tissue(mention: Mention) -> bool:
    return mention.cause == "tumour"


def _names_lesion(mention: Mention) -> bool:
    return mention.item in _EVIDENCE and mention.word not in ("absent", "no")


def _add(found: Levels, fact: Fact, prose: Prose) -> None:
    mention = fact.mention
    levels = fact.levels
    if mention.where == "CORD" and mention.how == "described" and mention.word != "no":
        cord = tuple(lv for lv in levels if anatomy.scale(lv, prose.conus) != "cauda")
        levels = cord or levels
    for level in levels:
        said = found.at(level, fact.place)
        _say(found, said, fact, prose)


def _say(found: Levels, said: LevelWords, fact: Fact, prose: Prose) -> None:
    mention, place = fact.mention, fact.place
    if mention.item == "escc":
        _epidural(found, said, fact, prose)
    elif mention.item == "tumour":
        if all(s.word != mention.word for s in said.tumour):
            said.tumour.append(Statement("tumour", mention.word, place))
        if mention.word != "absent":
            found.lesions.add(said.level)
    elif mention.item == "lesion_seen":
        if mention.word == "suspicious" and all(s.word != "suspected" for s in said.tumour):
            said.tumour.append(Statement("tumour", "suspected", place))
        found.lesions.add(said.level)
    elif mention.item == "lesion_denied":
        pass
    elif mention.item == "treated":
        _state(said, Statement("treated", "yes", place))
        said.treatment = said.treatment or "treated"
    elif _calm(mention):
        pass  # filled in later, where nothing else is said
    elif mention.item in ("lesion", "alignment", "collapse", "posterolateral", "cord_signal", "status"):
        _state(said, Statement(mention.item, mention.word, place))
        if mention.item == "lesion" and fact.cause in ("", "tumour"):
            found.lesions.add(said.level)


def _state(said: LevelWords, statement: Statement) -> None:
    """A word said twice is one statement, so that the work does not grow with how often it is said."""
    if not any(s.item == statement.item and s.word == statement.word for s in said.statements):
        said.statements.append(statement)


def _reach(said: LevelWords, statement: Epidural) -> None:
    known = (statement.range, statement.how, statement.word)
    if not any((e.range, e.how, e.word) == known for e in said.epidural):
        said.epidural.append(statement)


def _epidural(found: Levels, said: LevelWords, fact: Fact, prose: Prose) -> None:
    mention, place = fact.mention, fact.place
    if mention.reach is None or (mention.other and mention.word == "no"):
        return
    scale = anatomy.scale(said.level, prose.conus)
    cauda = scale == "cauda" or (
        scale == "either" and said.level != anatomy.UNKNOWN and mention.where == "SAC"
    )
    if mention.below in escc.BELOW_CONUS_PLACE and mention.how == "described" and cauda:
        _reach(
            said, Epidural(escc.below_conus_range(mention.below), "below", place, mention.below, prose=True)
        )
    elif mention.below == "partial" and cauda:
        _reach(said, Epidural(GradeRange("1b", "1c"), "described", place, prose=True))
    else:
        _reach(said, Epidural(mention.reach, mention.how, place, prose=True))
    if mention.prior:
        said.prior = said.prior or mention.prior
    if mention.how == "hedge" and not said.flags:
        said.flags.append(Flag("hedge", "", place))
    if (mention.how in ("graded", "described") and mention.reach.hi != "0") or mention.how == "hedge":
        found.lesions.add(said.level)


def _fluid_gone(found: Levels, ours: list[Fact]) -> None:
    """*The fluid is effaced*, with no word for how much, is grade 3 unless something else at the level excludes it."""
    three = escc.exactly("3")
    for fact in ours:
        mention = fact.mention
        if mention.where != "CSF" or mention.how != "described" or mention.reach != GradeRange("1b", "3"):
            continue
        for level in fact.levels:
            said = found.words.get(level)
            if said is not None and all(e.range.meet(three) for e in said.epidural):
                _reach(said, Epidural(three, "described", fact.place, prose=True))


def _treated_levels(found: Levels) -> None:
    """A treated level is a lesion where the report speaks of tumour at all."""
    if found.tumour:
        for level, said in found.words.items():
            treated = any(s.item == "treated" for s in said.statements)
            if treated and (said.tumour or said.epidural or any(s.item == "status" for s in said.statements)):
                found.lesions.add(level)


_CALM = {"alignment": "normal", "collapse": "none", "posterolateral": "none", "cord_signal": "absent"}


def _calm(mention: Mention) -> bool:
    return _CALM.get(mention.item) == mention.word


def _spread(found: Levels, unplaced: list[Fact], prose: Prose) -> None:
    """Epidural statements for which no level is named. What several levels may have is the worst one's; without any
    level it is the level ``unknown``'s. A denial for all is set against every level of its region."""
    for fact in unplaced:
        mention = fact.mention
        if mention.item == "cord_signal" and mention.word != "absent":
            known = [lv for lv in found.lesions if _fits(lv, fact.region)]
            if len(known) >= 1:
                worst = max(known, key=lambda lv: _upper(found.words[lv]))
                _state(found.words[worst], Statement("cord_signal", mention.word, fact.place))
            continue
        if (mention.item == "status" and len(found.lesions) == 1) or (
            mention.item == "treated" and len(found.lesions) == 1
        ):
            only = found.words[next(iter(found.lesions))]
            if mention.item == "treated" or mention.word in ("new", "progressed"):
                only.statements.append(
                    Statement(mention.item, "yes" if mention.item == "treated" else mention.word, fact.place)
                )
            continue
        if mention.item != "escc" or mention.reach is None:
            continue
        if mention.word == "no" or mention.reach.hi == "0":
            continue
        _unnamed(found, fact, prose)


def _unnamed(found: Levels, fact: Fact, prose: Prose) -> None:
    mention = fact.mention
    if mention.reach is None:
        return
    known = [lv for lv in found.lesions if _fits(lv, fact.region)]
    if mention.where == "CORD":
        known = [lv for lv in known if anatomy.scale(lv, prose.conus) != "cauda"] or known
    if not known:
        if mention.how != "excludes":
            said = found.at(anatomy.UNKNOWN, fact.place)
            _epidural(found, said, fact, prose)
        return
    pressed = [lv for lv in known if _upper(found.words[lv]) >= 0]
    worst = max(pressed or known, key=lambda lv: _upper(found.words[lv]))
    have = _upper(found.words[worst])
    repeats = mention.reach.lo in ("1a", "1b", "1c") or _lower(found.words[worst]) >= escc.rank(
        mention.reach.lo
    )
    if mention.how == "described" and pressed and have >= escc.rank(mention.reach.lo) and repeats:
        return  # it repeats what is known already
    if mention.how == "graded" and pressed and escc.rank(mention.reach.lo) <= _lower(found.words[worst]):
        return
    if len(known) > 1 and not pressed:
        said = found.at(anatomy.UNKNOWN, fact.place)
        _epidural(found, said, fact, prose)
        return
    _epidural(found, found.words[worst], fact, prose)


def _fits(level: str, region: str) -> bool:
    return not region or level[0].upper() in region or level == anatomy.UNKNOWN


def _upper(said: LevelWords) -> int:
    reaches = [e.range for e in said.epidural if e.how in ("graded", "below", "described")]
    return max((escc.rank(r.hi) for r in reaches), default=-1)


def _lower(said: LevelWords) -> int:
    reaches = [e.range for e in said.epidural if e.how in ("graded", "below", "described")]
    return max((escc.rank(r.lo) for r in reaches), default=-1)


def _fill(found: Levels, facts: list[Fact]) -> None:
    """Calm words said of a level, a topic or the spine count where nothing else was said of the item; and denials of
    epidural disease for all count at every lesion that has no grade."""
    for fact in facts:
        mention = fact.mention
        if mention.item == "lesion" and not fact.levels and not mention.other:
            for level in found.lesions:
                if all(s.item != "lesion" for s in found.words[level].statements):
                    _state(found.words[level], Statement("lesion", mention.word, fact.place))
        elif _calm(mention):
            for level in fact.levels if fact.levels and not _general(fact) else list(found.words):
                said = found.words.get(level)
                if said is not None and _fits(level, fact.region if not fact.mention.levels else ""):
                    _quietly(said, mention, fact)
        elif mention.item == "escc" and mention.word in ("no", "0") and not fact.levels and mention.reach:
            _denied_for_all(found, fact)


def _general(fact: Fact) -> bool:
    """About the whole spine: alignment, heights and cord named without a level of their own."""
    return not fact.mention.levels and (fact.mention.where == "ALL" or fact.mention.item == "cord_signal")


def _quietly(said: LevelWords, mention: Mention, fact: Fact) -> None:
    present = [s for s in said.statements if s.item == mention.item]
    explicit = bool(mention.levels)
    if not present or (
        explicit and mention.item == "cord_signal" and all(s.word != mention.word for s in present)
    ):
        said.statements.append(Statement(mention.item, mention.word, fact.place))
    elif mention.item == "collapse" and {s.word for s in present} == {"indeterminate"} and explicit:
        said.statements[:] = [s for s in said.statements if s.item != "collapse"]
        said.statements.append(Statement(mention.item, mention.word, fact.place))


def _denied_for_all(found: Levels, fact: Fact) -> None:
    mention = fact.mention
    if mention.reach is None:
        return
    for level in found.lesions:
        said = found.words[level]
        if not _fits(level, fact.region):
            continue
        has = [e for e in said.epidural if e.how in ("graded", "below", "described", "hedge")]
        if mention.how == "excludes":
            if not mention.other and has and all(e.range.meet(mention.reach) for e in has):
                _reach(said, Epidural(mention.reach, "excludes", fact.place, prose=True))
            elif not mention.other and has and not fact.region:
                _conflicting(found, said, fact)
        elif not has:
            _reach(said, Epidural(mention.reach, "described", fact.place, prose=True))
        elif not mention.other and not fact.region and any(e.range.lo != "0" for e in has):
            _conflicting(found, said, fact)


def _conflicting(found: Levels, said: LevelWords, fact: Fact) -> None:
    """A denial for all against a finding at a level: a person looks, the finding stands."""
    if all(flag.key != "contradiction" for flag in said.flags):
        said.flags.append(Flag("contradiction", "", fact.place))

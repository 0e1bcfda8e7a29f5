"""Bringing together what the macro and the prose around it say about each level and about the report."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from soar2.criteria import anatomy, escc
from soar2.dictation import levels as level_words
from soar2.dictation.context import Context
from soar2.dictation.macro import Line, Macro, numbering_counts
from soar2.dictation.prose import Claim, claims, signal_claims, statements_in
from soar2.dictation.rows import LevelWords, read_row
from soar2.dictation.sentences import Sentence
from soar2.dictation.statements import Flag, Place, Statement
from soar2.dictation.values import plain, unbracket
from soar2.dictation.weighing import shows_disease, weigh


@dataclass(slots=True)
class Gathered:
    """Levels in the order in which the report names them, and what it says once for all."""

    levels: list[LevelWords] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    conus: str | None = None
    conus_place: Place | None = None
    numbering: str | None = None
    others_clear: Place | None = None
    #: E of each level when the first claim without a level came; what such claims are set against.
    reaches: dict[str, escc.GradeRange | None] = field(default_factory=dict)
    #: Whether the prose itself names a level with epidural disease.
    affirmed: bool = False

    def level(self, name: str) -> LevelWords | None:
        return next((said for said in self.levels if said.level == name), None)


def gather(text: str, macro: Macro, prose: Sequence[Sentence]) -> Gathered:
    """Rows first, then the prose, so that a claim can be set against the rows."""
    found = Gathered()
    for row in macro.rows:
        for said in read_row(row):
            _add_row(found, said, blank=row.blank)
    _read_conus(found, macro, text, prose)
    _read_numbering(found, macro)
    others = [claim for line in macro.other for claim in _other_levels(found, line)]
    listed = (*others, *claims(text, prose))
    found.affirmed = any(claim.levels and _is_disease(claim) for claim in listed)
    for claim in listed:
        _add_claim(found, claim)
    for levels, statement in signal_claims(text, prose):
        _add_signal(found, levels, statement)
    if macro.header and not macro.rows and not macro.other:
        found.flags.append(Flag("empty_macro", "", macro.regions[0]))
    return found


def _add_row(found: Gathered, said: LevelWords, *, blank: bool) -> None:
    """A line whose level was left unfilled counts only when something in it is abnormal; a line without level
    and without words not at all. Either way a person looks."""
    nothing = said.empty or (blank and not shows_disease(weigh(said)))
    if said.level == anatomy.UNKNOWN and nothing:
        found.flags += said.flags or [Flag("unfilled", "level", said.place)]
        return
    known = found.level(said.level)
    if known is None:
        found.levels.append(said)
    else:
        _merge(known, said)


def _merge(known: LevelWords, said: LevelWords) -> None:
    known.statements += said.statements
    known.epidural += said.epidural
    known.flags += said.flags
    known.tumour += said.tumour
    known.causes += said.causes
    known.lesion_denied = known.lesion_denied or said.lesion_denied
    known.prior = known.prior or said.prior
    known.treatment = known.treatment or said.treatment


# ---------------------------------------------------------------------------- numbering and conus

_CONUS_IN_PROSE = re.compile(
    r"\bconus(?:\s+medullaris)?\s+(?:tip\s+)?(?:(?:is|normal|normally|terminates|ends|lies|located|positioned|and)\s+)*"
    r"at\s+(?:the\s+)?(?:level\s+of\s+)?",
    re.I,
)


def _read_conus(found: Gathered, macro: Macro, text: str, prose: Sequence[Sentence]) -> None:
    """The conus as read on the scan. Between two vertebrae it lies at the upper one: below that there is none."""
    for line in macro.conus:
        named = level_words.leading(line.words)
        if named and named.levels:
            _note_conus(found, min(named.levels, key=anatomy.rank), line.place)
        elif unbracket(plain(line.words)) is not None:
            found.flags.append(Flag("unfilled", "conus", line.place))
    if not macro.conus:
        _conus_from_prose(found, text, prose)


def _conus_from_prose(found: Gathered, text: str, prose: Sequence[Sentence]) -> None:
    for place in prose:
        says_conus = "conus" in place.lower
        mention = _CONUS_IN_PROSE.search(text, place.start, place.end) if says_conus else None
        named = level_words.leading(text, start=mention.end(), end=place.end) if mention else None
        if mention and named and named.levels:
            _note_conus(found, min(named.levels, key=anatomy.rank), Place(mention.start(), named.end))


def _note_conus(found: Gathered, level: str, place: Place) -> None:
    if found.conus is not None and found.conus != level:
        found.flags.append(Flag("contradiction", "conus", place))
        level = max(found.conus, level, key=anatomy.rank)
    found.conus, found.conus_place = level, place


#: The last vertebra of a region and the count that a spine must have for it to exist.
_NEEDS = {
    "C7": ("cervical", 7),
    "T12": ("rib", 12),
    "T13": ("rib", 13),
    "L5": ("lumbar", 5),
    "L6": ("lumbar", 6),
}


def _read_numbering(found: Gathered, macro: Macro) -> None:
    """The counting statement, verbatim. A level that it rules out is a reason to look."""
    if macro.numbering is None:
        return
    found.numbering = " ".join(macro.numbering.words.split())
    counts = numbering_counts(macro.numbering.words)
    for said in found.levels:
        region, needed = _NEEDS.get(said.level, ("", 0))
        if region in counts and counts[region] < needed:
            found.flags.append(Flag("numbering", said.level, said.place))


# ---------------------------------------------------------------------------- other levels and prose

_CLEAR = re.compile(
    r"(?:there is )?(?:no (?:other |further |additional )?"
    r"(?:epidural (?:disease|tumou?r|extension)|disease|lesions?|tumou?r|metasta\w+|abnormality|abnormalities)"
    r"(?: (?:or|and) (?:epidural disease|epidural tumou?r|cord compression|lesions?))?"
    r"|normal|unremarkable|none|negative|clear)(?: seen| identified)?"
)


def _other_levels(found: Gathered, line: Line) -> list[Claim]:
    """*Other levels: no epidural disease* is about levels without a line; anything else is read as prose."""
    words = plain(line.words)
    if _CLEAR.fullmatch(words):
        found.others_clear = line.place
        return []
    if unbracket(words) is not None or not words:
        found.flags.append(Flag("unfilled", "other levels", line.place))
        return []
    listed = statements_in(line.words, line.place.start)
    if not listed:
        found.flags.append(Flag("unknown_term", line.words, line.place))
    return listed


def _add_claim(found: Gathered, claim: Claim) -> None:
    for level in claim.levels or _unnamed_targets(found, claim):
        said = found.level(level)
        if said is None and _is_disease(claim):
            said = LevelWords(level, claim.said.place, in_macro=False)
            said.flags.append(Flag("prose_only", level, claim.said.place))
            if found.others_clear is not None:
                said.flags.append(Flag("contradiction", level, claim.said.place))
            found.levels.append(said)
        if said is not None:
            said.epidural.append(claim.said)
            if claim.said.how == "hedge":
                said.flags.append(Flag("hedge", level, claim.said.place))


def _add_signal(found: Gathered, levels: tuple[str, ...], statement: Statement) -> None:
    """Cord signal change in the prose belongs to the level it names, or to the only level there is. A denial that
    names no level is about the cord at large and is set against nothing."""
    only = len(found.levels) == 1 and statement.word != "absent"
    targets = levels or tuple(said.level for said in found.levels if only)
    known = [said for said in found.levels if said.level in targets]
    for said in known:
        said.statements.append(statement)
    if not known and statement.word != "absent":
        found.flags.append(Flag("prose_only", "cord signal", statement.place))


def _is_disease(claim: Claim) -> bool:
    return claim.said.how == "hedge" or claim.said.range.lo != "0"


def _unnamed_targets(found: Gathered, claim: Claim) -> list[str]:
    """Where a claim that names no level belongs: to the level its paragraph speaks of, else to the levels of its
    region, else to the spine as a whole."""
    if not _is_disease(claim):
        return _denied_at(found, claim) if claim.whole else []
    around = claim.context
    if around.sure and len(around.levels) == 1:
        return list(around.levels)
    known = [said for said in found.levels if _in_context(said.level, around)]
    if known:
        return _worst_of(found, known, claim)
    if around.levels:
        return list(around.levels) if around.sure else [anatomy.UNKNOWN]
    return [anatomy.UNKNOWN]


def _in_context(level: str, around: Context) -> bool:
    if around.levels:
        return level in around.levels
    return not around.region or level[0].upper() in around.region or level == anatomy.UNKNOWN


def _worst_of(found: Gathered, known: Sequence[LevelWords], claim: Claim) -> list[str]:
    """A finding that several levels may have is the worst one's; what the macro already says needs no place."""
    for said in found.levels:
        if said.level not in found.reaches:
            found.reaches[said.level] = weigh(said).epidural
    worst = max(known, key=lambda said: _upper(found.reaches[said.level])).level
    words = claim.said
    bare = words.range == escc.EPIDURAL_TUMOUR and words.how == "described"
    known_already = words.how == "graded" and escc.rank(words.range.lo) <= _upper(found.reaches[worst])
    return [] if bare or known_already else [worst]


def _denied_at(found: Gathered, claim: Claim) -> list[str]:
    """The levels against which a denial speaks that is a sentence of its own. Under a heading among the findings
    it may be about the part of the spine described there, so it counts only when there is one level to mean;
    and not at all where the prose itself names a level with disease."""
    around = claim.context
    if around.levels:
        return list(around.levels) if around.sure else []
    if found.affirmed:
        return []
    inside = [said.level for said in found.levels if _in_context(said.level, around)]
    return inside if around.everywhere or around.region or len(found.levels) == 1 else []


def _upper(reach: escc.GradeRange | None) -> int:
    return -1 if reach is None else escc.rank(reach.hi)

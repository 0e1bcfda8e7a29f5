"""From a report's text to findings per level, score, lane and reasons: the reader itself."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from soar2.criteria import anatomy, escc
from soar2.criteria.anatomy import Scale
from soar2.criteria.escc import GradeRange
from soar2.criteria.imaging_score import imaging_score
from soar2.criteria.intervals import Interval, greatest
from soar2.criteria.packs import Pack, load_pack
from soar2.criteria.sins import SinsItems, imaging_sins
from soar2.criteria.urgency import Case, LaneDecision, decide, report_lane
from soar2.dictation.answer import LevelReading, Reading
from soar2.dictation.beside import add_prose
from soar2.dictation.causes import named_outside
from soar2.dictation.freetext.reader import read_prose
from soar2.dictation.gathering import Gathered, gather
from soar2.dictation.history import names_cancer
from soar2.dictation.macro import Macro, find_macro
from soar2.dictation.prose import outside_dangers
from soar2.dictation.reasons import ITEM_WORDS, reasons, review_sentences
from soar2.dictation.rows import LevelWords
from soar2.dictation.sentences import Sentence, sentences
from soar2.dictation.statements import Place
from soar2.dictation.tumour import TumourWords, level_tumour, report_tumour, tumour_words
from soar2.dictation.weighing import Weighed, denial_conflicts, is_lesion, weigh

__all__ = ["LevelReading", "Reading", "read_report"]

# Typographic look-alikes, one character for one, so that every span still fits the original text.
_LOOKALIKES = str.maketrans(
    {"–": "-", "—": "-", "‑": "-", "−": "-", "\u00a0": " ", "’": "'", "¦": "|", "│": "|"}
)


#: A pipe as dictation may write it.
_SPOKEN_PIPE = re.compile(r"\bvertical bar\b", re.I)


def read_report(
    text: str,
    *,
    confirmed_treated: frozenset[str] | None = None,
    cancer_known: bool = False,
    pack: Pack | None = None,
) -> Reading:
    """Read one report. Never raises, whatever the text.

    ``confirmed_treated``: levels at which an earlier report or treatment on record agrees that the level is
    treated; None takes the report's own words. ``cancer_known``: from order, history or record.
    """
    used = pack or load_pack()
    plain = text if text.isascii() else text.translate(_LOOKALIKES)
    if "\r" in plain and "\n" not in plain:
        plain = plain.replace("\r", "\n")
    if "bar" in plain or "BAR" in plain or "Bar" in plain:
        plain = _SPOKEN_PIPE.sub(lambda m: " | ".ljust(len(m.group())), plain)
    macro = find_macro(plain)
    if not macro.found:
        return _free_text(plain, confirmed_treated, cancer_known, used)
    return _macro(plain, macro, confirmed_treated, cancer_known, used)


def _free_text(text: str, confirmed: frozenset[str] | None, cancer_known: bool, pack: Pack) -> Reading:
    """A report without the macro, read by the grammar for prose."""
    prose = read_prose(text)
    heard = _Heard(prose.found, prose.said, prose.outside, prose.places, cancer_known or prose.cancer)
    reader = _Reader(text, "free-text", heard, confirmed, pack)
    reader.keys += prose.keys
    reading = reader.read()
    keys = ["free_text"] if reading.lane != "none" or prose.empty else []
    return replace(
        reading,
        review=reading.review or bool(keys),
        review_reasons=(*review_sentences(keys), *reading.review_reasons),
        marks=prose.marks,
        set_aside=prose.set_aside,
    )


def _outside(text: str, macro: Macro, prose: Sequence[Sentence]) -> tuple[tuple[str, ...], dict[str, Place]]:
    """Dangers outside the programme: the macro's own line, then the prose."""
    places: dict[str, Place] = {}
    for line in macro.outside:
        for danger in named_outside(line.words):
            places.setdefault(f"outside.{danger}", line.place)
    for danger, place in outside_dangers(text, prose):
        places.setdefault(f"outside.{danger}", place)
    return tuple(key.removeprefix("outside.") for key in places), places


class _Heard(NamedTuple):
    """What was heard in a report, whichever way it was dictated, before it is weighed."""

    found: Gathered
    said: TumourWords
    outside: tuple[str, ...]
    places: dict[str, Place]
    cancer_known: bool


def _macro(
    text: str, macro: Macro, confirmed: frozenset[str] | None, cancer_known: bool, pack: Pack
) -> Reading:
    """A report that holds the macro."""
    prose = sentences(text, macro.regions)
    found = gather(text, macro, prose)
    aside = add_prose(found, text, macro.regions)
    outside, places = _outside(text, macro, prose)
    if macro.numbering:
        places["numbering"] = macro.numbering.place
    heard = _Heard(
        found, tumour_words(text, macro, prose), outside, places, cancer_known or names_cancer(text)
    )
    return replace(_Reader(text, "macro", heard, confirmed, pack).read(), set_aside=aside)


class _Reader:
    """One pass over what was heard in one report."""

    def __init__(
        self, text: str, source: str, heard: _Heard, confirmed: frozenset[str] | None, pack: Pack
    ) -> None:
        self.text, self.source, self.pack, self.confirmed = text, source, pack, confirmed
        self.found, self.said = heard.found, heard.said
        self.outside, self.places = heard.outside, dict(heard.places)
        self.cancer_known = heard.cancer_known
        self.keys: list[str] = []
        self.conflicts: list[str] = []

    def read(self) -> Reading:
        lesions = self._lesions()
        tumour, contradicted = report_tumour(self.said, lesions)
        if contradicted:
            self._conflict("tumour", "")
        if tumour == "absent" and lesions:
            self.keys.append("tumour_absent_beside_lesion")
        if not lesions and tumour in ("present", "suspected"):
            lesions = [self._nowhere()]
        levels = tuple(self._level(said, weighed, tumour) for said, weighed in lesions)
        decision = self._decision(levels, tumour)
        return self._assembled(levels, tumour, decision)

    def _lesions(self) -> list[tuple[LevelWords, Weighed]]:
        lesions = []
        for said in self.found.levels:
            weighed = weigh(said)
            self.keys += [flag.key for flag in said.flags]
            if self._belongs(said, weighed):
                lesions.append((said, weighed))
                for item in weighed.conflicts:
                    self._conflict(item, said.level)
                if denial_conflicts(said, weighed):
                    self._conflict("lesion", said.level)
            elif said.causes and not said.tumour:
                self._note_danger(said, weighed)
        return lesions

    def _belongs(self, said: LevelWords, weighed: Weighed) -> bool:
        if not is_lesion(said, weighed):
            return False
        if {s.word for s in said.tumour} != {"absent"}:
            return True
        graded = weighed.epidural is not None and weighed.epidural.hi != "0"
        if graded:
            self._conflict("tumour", said.level)
        return graded

    def _note_danger(self, said: LevelWords, weighed: Weighed) -> None:
        """A level whose cause is not this programme's: named when it is dangerous, with its words."""
        severe = weighed.epidural is not None and weighed.epidural.may_reach("2")
        pressed = weighed.epidural is not None and weighed.epidural.may_reach("1a")
        for cause in said.causes:
            key = {"harmless": "compression" if severe or (weighed.signal and pressed) else ""}.get(
                cause.word, cause.word
            )
            if cause.word == "primary_or_benign_tumour" and not (
                pressed or weighed.signal or weighed.subluxation
            ):
                key = ""
            if key and key not in self.outside:
                self.outside = (*self.outside, key)
                self.places[f"outside.{key}"] = cause.place

    def _nowhere(self) -> tuple[LevelWords, Weighed]:
        """Tumour without a level: one level ``unknown`` that carries what the words say."""
        place = self.said.stated[0][1] if self.said.stated else Place(0, 0)
        said = LevelWords(anatomy.UNKNOWN, place)
        weighed = weigh(said)
        if self.found.others_clear is not None:
            weighed.epidural, weighed.how = escc.NO_EPIDURAL_DISEASE, "described"
            weighed.places["escc"] = self.found.others_clear
        return said, weighed

    def _conflict(self, item: str, level: str) -> None:
        self.keys.append("contradiction")
        words = ITEM_WORDS.get(item, item)
        self.conflicts.append(f"{words} at {level}" if level and level != anatomy.UNKNOWN else words)

    def _level(self, said: LevelWords, weighed: Weighed, tumour: str) -> LevelReading:
        words = weighed.words
        sins = imaging_sins(
            SinsItems(
                said.level, words["lesion"], words["alignment"], words["collapse"], words["posterolateral"]
            )
        )
        case = self._case(said, weighed, tumour, sins)
        decision = decide(case, self.pack.cutoffs)
        shown = _shown_epidural(weighed, anatomy.scale(said.level, self.found.conus))
        if shown.wrong_scale:
            self.keys.append("wrong_scale")
        counted = weighed.below_word if weighed.how == "below" and not weighed.hedged else None
        return LevelReading(
            level=said.level,
            epidural=weighed.epidural,
            escc=shown.escc,
            escc_range=shown.range,
            escc_status=shown.status,
            below_conus=shown.below_conus,
            **{item: words[item] for item in _ITEMS},
            treatment=said.treatment,
            treated_stable=case.stays_treated,
            sins=sins,
            score=imaging_score(sins, weighed.epidural, self.pack, below_conus=counted),
            decision=decision,
            conflicts=tuple(weighed.conflicts),
            places=weighed.places,
            sac_word=None if shown.status == "graded" else weighed.below_word,
        )

    def _case(self, said: LevelWords, weighed: Weighed, tumour: str, sins: Interval) -> Case:
        """What the lane table looks at."""
        case = Case(
            tumour=level_tumour(said, tumour),
            level_named=said.level != anatomy.UNKNOWN,
            epidural=weighed.epidural,
            sins=sins,
            signal=weighed.signal,
            subluxation=weighed.subluxation,
            treated_stable=self._stays_treated(said.level, weighed),
        )
        if case.tumour == "suspected":
            self.keys.append("suspected")
        return case

    def _stays_treated(self, level: str, weighed: Weighed) -> bool:
        """T by the report's words; in the running system the record must agree."""
        if weighed.words["status"] != "treated_stable":
            return False
        if self.confirmed is None or level in self.confirmed:
            return True
        self.keys.append("treated_unconfirmed")
        return False

    def _decision(self, levels: Sequence[LevelReading], tumour: str) -> LaneDecision:
        if levels:
            return report_lane(level.decision for level in levels)
        case = Case(tumour=tumour, lesion=False, level_named=False, cancer_known=self.cancer_known)
        return decide(replace(case, sins=Interval(0, 0)), self.pack.cutoffs)

    def _assembled(self, levels: tuple[LevelReading, ...], tumour: str, decision: LaneDecision) -> Reading:
        flags = [*self.found.flags, *self.said.flags]
        keys = [
            *self.keys,
            *decision.why,
            *(flag.key for flag in flags),
            *(["outside"] if self.outside else []),
        ]
        unread = [f.words for said in self.found.levels for f in said.flags if f.key == "unknown_term"]
        unread += [flag.words for flag in flags if flag.key == "unknown_term"]
        return Reading(
            source=self.source,
            tumour=tumour,
            levels=levels,
            worst_escc=escc.worst_upper_end(GradeRange(*lv.escc_range) for lv in levels if lv.escc_range),
            score=greatest(level.score for level in levels),
            pack=self.pack,
            lane=decision.lane,
            rule=decision.rule,
            review=decision.review or bool(keys),
            review_reasons=review_sentences(keys),
            outside=self.outside,
            reasons=reasons(levels, decision.lane, tumour, False, tuple(dict.fromkeys(self.conflicts))),
            numbering=self.found.numbering,
            conus=self.found.conus,
            unread=tuple(dict.fromkeys(" ".join(words.split()) for words in unread)),
            places=self._report_places(),
        )

    def _report_places(self) -> dict[str, Place]:
        places = dict(self.places)
        if self.found.conus_place:
            places["conus"] = self.found.conus_place
        if self.found.others_clear:
            places["other_levels"] = self.found.others_clear
        if self.said.stated:
            places["tumour"] = self.said.stated[0][1]
        return places


_ITEMS = ("lesion", "alignment", "collapse", "posterolateral", "cord_signal", "status")


class _Shown(NamedTuple):
    escc: str | None
    range: tuple[str, str] | None
    status: str
    below_conus: str | None
    wrong_scale: bool = False


def _shown_epidural(weighed: Weighed, scale: Scale) -> _Shown:
    """The epidural finding in the contract's keys. Words on the wrong scale keep their place in the order of
    grades and stay visible as a range: a below-conus word above the conus is a description of the cord's level,
    for ``below_conus`` does not apply there."""
    reach = weighed.epidural
    below = None if scale == "cord" else "not_stated"
    if reach is None:
        return _Shown(None, None, "not_applicable" if scale == "cauda" else "not_stated", below)
    if weighed.below_word and (scale == "cauda" or (scale == "either" and weighed.how == "below")):
        return _Shown(None, None, "not_applicable", weighed.below_word, scale == "cauda" and weighed.graded)
    if scale == "cauda" and reach.hi == "0" and weighed.how == "described":
        return _Shown(None, None, "not_applicable", "none")
    wrong = scale == "cauda" or (scale == "cord" and weighed.below_word is not None)
    status = ("graded" if weighed.graded else "described") if weighed.how == "below" else weighed.how
    shown = "not_stated" if scale == "cauda" else None
    return _Shown(reach.lo if reach.exact else None, (reach.lo, reach.hi), status, shown, wrong)

"""Clear statements in the prose around the macro that may contradict it. Small on purpose.

It reads only sentences that speak of today's scan, and only a few plain forms: a spoken grade, epidural disease,
cord compression, each affirmed or denied. History, plans, questions and other causes never count.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from soar2.criteria import escc
from soar2.criteria.escc import GradeRange
from soar2.dictation import levels as level_words
from soar2.dictation.causes import BENIGN_TUMOUR, DANGER, HARMLESS, TUMOUR
from soar2.dictation.context import NO_CONTEXT, Context, context_of, named_levels
from soar2.dictation.sentences import Sentence, blank_comparisons, current_from, lowered, negated
from soar2.dictation.statements import Epidural, Place, Statement

_TRIGGERS = ("escc", "bilsky", "epidural", "compress", "obliterated", "grade")
_NO = (
    r"(?:no|without|absence\s+of|negative\s+for|free\s+of)\s+"
    r"(?:evidence\s+of\s+|evidence\s+for\s+|visible\s+|definite\s+)?"
)
_EPIDURAL = r"epidural\s+(?:disease|tumou?rs?|extension|involvement|mass|component|spread|metasta\w+)"
_CORD = (
    r"(?:spinal\s+|thoracic\s+|cervical\s+)?cord\s+(?:is\s+|are\s+|being\s+)?"
    r"(?:severely\s+|markedly\s+|mildly\s+|moderately\s+|frankly\s+)?compress(?:ed|ion)"
    r"|compress(?:es|ing|ion\s+of|ed)\s+(?:of\s+)?the\s+(?:spinal\s+|thoracic\s+|cervical\s+)?cord"
    r"|(?:spinal\s+)?canal\s+(?:is\s+)?obliterated"
)
_CAUDA = r"cauda\s+equina\s+(?:is\s+)?(?:severely\s+)?compress(?:ed|ion)|compress(?:es|ing|ion\s+of)\s+the\s+cauda\s+equina"
_G = r"(0|1\s?[abc]|2|3)(?![\w%])(?!\s*(?:mm|cm)\b)(?!\.\d)"
_GRADED = re.compile(
    rf"(?:\b(?:escc|bilsky|epidural\s+(?:compression\s+)?grade)\s*(?:scale|score|grade)?\s*(?:is|of|:|=)?\s*{_G}"
    rf"|\bgrade\s+{_G}\s+(?:epidural|escc|bilsky))(?:\s*(?:-|to|or|/)\s*{_G})?",
)
_HEDGED_CORD = re.compile(
    rf"(?:cannot|can\s+not|can't|not|unable\s+to)\s+(?:be\s+)?(?:exclude[ds]?|rule[ds]?\s+out)\s+"
    rf"(?:\w+\s+){{0,3}}?(?:{_CORD})"
    rf"|(?:{_CORD}|{_CAUDA})\s+(?:cannot|can\s+not|can't|is\s+not|not)\s+(?:be\s+)?(?:excluded|ruled\s+out)"
    rf"|(?:possible|probable|suspected|suspicious\s+for|concern(?:ing)?\s+for|questionable|equivocal|likely|"
    rf"impending|may\s+represent)\s+(?:\w+\s+){{0,2}}?(?:{_CORD})",
)
_PRESSED = ("compress", "obliterated")
#: Form, words without which it cannot occur, what it means for E, how. Each blanks its words for the next.
_FORMS: tuple[tuple[re.Pattern[str], tuple[str, ...], GradeRange, str], ...] = (
    (_HEDGED_CORD, _PRESSED, GradeRange("0", "3"), "hedge"),
    (re.compile(rf"\b{_NO}(?:residual\s+)?{_EPIDURAL}"), ("epidural",), escc.NO_EPIDURAL_DISEASE, "described"),
    (re.compile(rf"\b{_NO}(?:{_CORD}|{_CAUDA})"), _PRESSED, escc.NO_CORD_COMPRESSION, "excludes"),
    (re.compile(rf"\b(?:{_CORD}|{_CAUDA})"), _PRESSED, escc.CORD_COMPRESSED, "described"),
    (re.compile(rf"\b{_EPIDURAL}"), ("epidural",), escc.EPIDURAL_TUMOUR, "described"),
)  # fmt: skip
_CLOSE = re.compile(
    r"\s*(?:\w+\s+){0,2}?(?:at|of|in|from|involving)\s+(?:the\s+)?(?:levels?\s+(?:of\s+)?)?", re.I
)
_ELSEWHERE = re.compile(r"\b(?:other|elsewhere|additional|remaining|remainder|further|new)\b")


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of the prose. ``levels`` empty: no level named, see ``context``. ``whole``: the sentence
    says nothing else."""

    levels: tuple[str, ...]
    said: Epidural
    whole: bool
    context: Context = NO_CONTEXT


def claims(text: str, prose: Sequence[Sentence]) -> Iterator[Claim]:
    """Every clear statement about epidural disease in the sentences ``prose``."""
    for n, place in enumerate(prose):
        for claim in _claims_in(place.lower):
            context = claim.context if claim.levels else context_of(text, prose, n)
            yield _moved(claim, place.start, context)


def statements_in(words: str, offset: int) -> list[Claim]:
    """The same for one line of the macro that is written as a sentence."""
    return [_moved(claim, offset, claim.context) for claim in _claims_in(lowered(words))]


def _moved(claim: Claim, offset: int, context: Context) -> Claim:
    start, end = claim.said.place
    said = claim.said._replace(place=Place(offset + start, offset + end))
    return Claim(claim.levels, said, claim.whole, context)


def _any_of(stems: Sequence[str], words: str) -> bool:
    return any(stem in words for stem in stems)


@lru_cache(maxsize=4096)
def _claims_in(words: str) -> tuple[Claim, ...]:
    """The statements of one sentence in lower case, places counted from its start. Reports are made of stock
    sentences, so each is read once; and most say nothing that could be set against the macro."""
    return tuple(_claimed(words)) if _any_of(_TRIGGERS, words) else ()


def _claimed(words: str) -> Iterator[Claim]:
    found = _found(words)
    if not found or _another_cause(words):
        return
    sentence = blank_comparisons(words)
    begin = current_from(_HEDGED_CORD.sub(_blank, sentence))
    if begin is None:
        return
    named = named_levels(sentence)
    whole_words = sentence.strip(" \t\r\n.,;:0123456789)-*•")
    standing = [
        f for f in found if f[0] >= begin and sentence[f[0] : f[1]].strip() and not _denied(sentence, f)
    ]
    for start, end, meaning, how in _strongest(standing):
        levels = _levels_of(sentence, start, end, named)
        if levels is None or (
            not levels and how == "described" and meaning.hi == "0" and _ELSEWHERE.search(sentence)
        ):
            continue
        said = Epidural(meaning, how, Place(start, end), prose=True)
        yield Claim(levels, said, end - start >= len(whole_words) - 12 and not named)


type _Found = tuple[int, int, GradeRange, str]


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())


def _found(words: str) -> list[_Found]:
    """Every form that occurs, denied or not; the words of one are blanked before the next is tried."""
    found: list[_Found] = []
    rest = words
    for form, needles, meaning, how in _FORMS:
        if _any_of(needles, words):
            found += [(m.start(), m.end(), meaning, how) for m in form.finditer(rest)]
            rest = form.sub(_blank, rest)
    if _any_of(("escc", "bilsky", "grade"), words):
        found += [(m.start(), m.end(), _grade(m), "graded") for m in _GRADED.finditer(words)]
    return found


def _denied(sentence: str, found: _Found) -> bool:
    start, end, meaning, how = found
    if how in ("hedge", "excludes") or (how == "described" and meaning.hi == "0"):
        return False
    return negated(sentence, start, end)


def _strongest(found: list[tuple[int, int, GradeRange, str]]) -> list[tuple[int, int, GradeRange, str]]:
    """*Epidural tumour, ESCC 1c* is one statement: the bare mention of disease gives way to what says more."""
    more = any(meaning != escc.EPIDURAL_TUMOUR for _, _, meaning, _ in found)
    return [f for f in found if not (more and f[2] == escc.EPIDURAL_TUMOUR)]


def _another_cause(sentence: str) -> bool:
    """Disc, stenosis, abscess and the like, with no tumour named beside them."""
    other = (
        HARMLESS.search(sentence)
        or BENIGN_TUMOUR.search(sentence)
        or any(p.search(sentence) for _, p in DANGER)
    )
    return bool(other) and not TUMOUR.search(sentence) and not _GRADED.search(sentence)


def _grade(match: re.Match[str]) -> GradeRange:
    ends = [re.sub(r"\s", "", word.lower()) for word in match.groups() if word]
    lo, hi = min(ends, key=escc.rank), max(ends, key=escc.rank)
    return GradeRange(lo, hi)


def _levels_of(sentence: str, start: int, end: int, named: list[level_words.Named]) -> tuple[str, ...] | None:
    """The levels a statement is about: those just after it, else the one before it. Empty when none is named
    or a list before it leaves open which; None when the only name is of no vertebra."""
    if not named:
        return ()
    close = _CLOSE.match(sentence, end)
    for spec in named:
        if close and spec.start == close.end():
            return spec.levels or None
    before = [spec for spec in named if spec.end <= start]
    if before:
        return before[-1].levels if len(before[-1].levels) == 1 else ()
    after = [spec for spec in named if spec.start >= end]
    return after[0].levels if after and len(after[0].levels) == 1 else ()


_SIGNAL_STEMS = ("signal", "edema", "hyperintens")
_SIGNAL = re.compile(
    r"\b(?:(?:spinal\s+)?cord|intramedullary)\s+(?:t2\s+)?(?:signal\s+(?:change|abnormality|hyperintensity)|o?edema|hyperintensity)\b"
    r"|\babnormal\s+(?:t2\s+)?(?:cord|intramedullary)\s+signal\b",
)
_OLD = re.compile(r"\b(?:old|chronic|unchanged|stable|long-?\s?standing)\b")


def signal_claims(text: str, prose: Sequence[Sentence]) -> Iterator[tuple[tuple[str, ...], Statement]]:
    """Cord signal change that the prose states or denies for today: at which levels (empty: none named), and whether
    new, old, present or absent."""
    for n, place in enumerate(prose):
        heard = _signal_in(place.lower)
        if heard is None:
            continue
        levels, age, start, end = heard
        if not levels:
            around = context_of(text, prose, n)
            levels = around.levels if around.sure else ()
        yield levels, Statement("cord_signal", age, Place(place.start + start, place.start + end))


@lru_cache(maxsize=4096)
def _signal_in(words: str) -> tuple[tuple[str, ...], str, int, int] | None:
    """Levels, age and place of a cord signal change in one sentence in lower case; None when it speaks of none."""
    found = _SIGNAL.search(words) if _any_of(_SIGNAL_STEMS, words) else None
    if found is None:
        return None
    sentence = blank_comparisons(words)
    start, end = found.span()
    begin = current_from(sentence)
    if begin is None or start < begin or _another_cause(sentence):
        return None
    denied = negated(sentence, start, end)
    if denied and _ELSEWHERE.search(sentence):  # no *new* or *further* change leaves an old one standing
        return None
    levels = _levels_of(sentence, start, end, named_levels(sentence))
    return None if levels is None else (levels, "absent" if denied else _age(sentence), start, end)


def _age(sentence: str) -> str:
    if re.search(r"\bnew\b", sentence):
        return "new"
    return "old" if _OLD.search(sentence) else "present"


_NO_TUMOUR = re.compile(
    r"\s*(?:\d{1,2}[.)])?\s*(?:there\s+is\s+)?no\s+(?:evidence\s+of\s+|evidence\s+for\s+)?"
    r"(?:spinal\s+|osseous\s+|bony\s+|vertebral\s+)?"
    r"(?:metasta(?:sis|ses|tic\s+disease)|malignancy|tumou?r|neoplasm)(?:\s+(?:in|of)\s+the\s+spine)?\s*",
)


def denies_tumour(text: str, prose: Sequence[Sentence]) -> Place | None:
    """A sentence of the prose that says there is no tumour, and nothing else; None without one. Under a level or a
    region it is about that part of the spine alone."""
    for n, place in enumerate(prose):
        if _says_no_tumour(place.lower):
            around = context_of(text, prose, n)
            if not around.levels and not around.region:
                return Place(place.start, place.end)
    return None


@lru_cache(maxsize=4096)
def _says_no_tumour(words: str) -> bool:
    return bool(_NO_TUMOUR.fullmatch(words))


def outside_dangers(text: str, prose: Sequence[Sentence]) -> list[tuple[str, Place]]:
    """Dangers of other causes named in the prose, not denied and not of the past."""
    return [
        (key, Place(place.start + start, place.start + end))
        for place in prose
        for key, start, end in _dangers_in(place.lower)
    ]


@lru_cache(maxsize=4096)
def _dangers_in(words: str) -> tuple[tuple[str, int, int], ...]:
    sentence = blank_comparisons(words) if _any_of(_DANGER_STEMS, words) else ""
    begin = current_from(sentence) if sentence else None
    if begin is None:
        return ()
    return tuple(
        (key, *match.span())
        for key, pattern in (*DANGER, ("compression", _COMPRESSION))
        for match in pattern.finditer(sentence, begin)
        if not negated(sentence, *match.span())
        and (key != "compression" or _severe_by_another_cause(sentence))
    )


_DANGER_STEMS = ("abscess", "phlegmon", "itis", "infecti", "ematoma", "fracture", "compress", "obliterated")
_COMPRESSION = re.compile(rf"\b(?:{_CORD}|{_CAUDA})")
_MILD = re.compile(r"\b(?:mild|minimal|slight|moderate)(?:ly)?\b")


def _severe_by_another_cause(sentence: str) -> bool:
    return bool(HARMLESS.search(sentence)) and not TUMOUR.search(sentence) and not _MILD.search(sentence)

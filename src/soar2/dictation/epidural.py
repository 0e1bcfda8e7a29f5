"""The words after an epidural label: a grade, a range of grades, a below-conus word, or a description."""

import re
from dataclasses import dataclass
from functools import lru_cache

from soar2.criteria import escc
from soar2.criteria.escc import GradeRange
from soar2.dictation.speech import spoken_grade
from soar2.dictation.values import Parsed, parse, plain, unbracket, unread_words

_GRADE = re.compile(
    r"(?<![\w.%<>=])"
    r"([<>]=?|at least |at most |up to |greater than |more than |higher than |above |less than |lower than )?"
    r"([0-3]|one|two|three|zero)(?:[ -]?([a-d]))?(?![\w%])(?!\.\d)"
)
_BETWEEN = re.compile(r"\s*(?:-|to|or|/|vs\.?|versus|through)\s*")
_ABC = re.compile(r"\b(?:1|one) ?a ?(?:-|to) ?c\b")
_PRIOR = re.compile(
    r"\(?\b(?:was|were|prior|previously|previous|formerly|up from|increased from|from)\s*:?\s*"
    r"(?:escc|bilsky|grade)?\s*((?:[0-3]|one|two|three)[ -]?[abc]?)\b\)?"
)
_HEDGE = re.compile(
    r"\b(?:possibl[ey]|probabl[ey]|likely|suspected|suspicious for|questionable|equivocal|may be|might be|"
    r"presumed|concern for|concerning for|about|approximately)\b|\?"
)
_NOT_EXCLUDED = re.compile(
    r"(?:cannot|can not|can't|not|unable to) (?:be )?(?:exclude|excluded|rule out|ruled out)(?:[ \w]*compression)?"
    r"|compression (?:cannot|can not|can't) be (?:excluded|ruled out)|compression not excluded"
)
_NAMES = re.compile(r"\b(?:escc|bilsky|grade|score|scale)\b")
_DIGIT = {"zero": "0", "one": "1", "two": "2", "three": "3"}

_DESCRIBED: tuple[tuple[re.Pattern[str], str, GradeRange], ...] = (
    (
        re.compile(r"\b(?:no|without) (?:spinal )?cord compression\b|\bcord (?:is )?not compressed\b"),
        "excludes",
        escc.NO_CORD_COMPRESSION,
    ),
    (
        re.compile(
            r"\b(?:no|without) epidural (?:disease|tumou?r|extension|involvement|mass|component)\b|\bbone only\b"
            r"|\bconfined to (?:the )?(?:bone|vertebra)\b|^(?:none|no|nil|absent|negative)$"
        ),
        "described",
        escc.NO_EPIDURAL_DISEASE,
    ),
    (
        re.compile(r"\bcord (?:is )?(?:severely )?compress(?:ed|ion)\b|\bcanal (?:is )?obliterated\b|^compressed$"),
        "described",
        escc.CORD_COMPRESSED,
    ),
    (
        re.compile(r"\bepidural (?:disease|tumou?r|extension|involvement|mass|component)\b|^(?:present|yes|positive)$"),
        "described",
        escc.EPIDURAL_TUMOUR,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """Parts of one value: (range, how, below-conus word) each, a prior grade, and what was not understood."""

    parts: tuple[tuple[GradeRange, str, str], ...] = ()
    prior: str | None = None
    unread: str = ""
    hedged: bool = False
    unfilled: bool = False


@lru_cache(maxsize=2048)
def read_epidural(words: str, key: str = "escc") -> Said:
    """What a value after ``ESCC`` or ``Below conus`` says, whichever of the two scales its words belong to."""
    text = plain(words)
    inside = unbracket(text)
    if inside is not None:
        return _picked(inside, key)
    blank = parse("below_conus", text)
    if not blank.words and not blank.unread and text != "":
        return Said(hedged=blank.hedged)
    if key == "below_conus" and blank.clean:
        return _below(blank)
    return _mixed(text, key)


def _picked(inside: str, key: str) -> Said:
    """As for every pick-list: several options are none; a single benign one is an unconfirmed default."""
    if re.search(r"[|/]", inside) or not inside:
        return Said(unfilled=True)
    parts = tuple(part for part in read_epidural(inside, key).parts if part[0].hi != "0")
    return Said(parts, unfilled=True)


def _below(parsed: Parsed) -> Said:
    parts = tuple((escc.below_conus_range(word), "below", word) for word in parsed.words)
    return Said(parts, hedged=parsed.hedged)


def _mixed(text: str, key: str) -> Said:
    text = spoken_grade(text)
    prior = _PRIOR.search(text)
    rest = _PRIOR.sub(" ", text) if prior else text
    not_excluded = _NOT_EXCLUDED.search(rest)
    if not_excluded:
        rest = _NOT_EXCLUDED.sub(" ", rest)
    hedged = bool(_HEDGE.search(rest)) or not_excluded is not None
    rest = _NAMES.sub(" ", _HEDGE.sub(" ", rest))
    parts, rest = _described(" ".join(rest.split()))
    grades, rest, odd = _grades(rest)
    parts += grades
    below = parse("below_conus", rest) if rest.strip(" ,;()") else Parsed()
    if below.words:
        parts += [
            (escc.below_conus_range(word), "below", word)
            for word in below.words
            if (key, word) != ("escc", "none")
        ]
        rest = below.unread
    if not_excluded:
        parts.append((GradeRange("0", "3"), "hedge", ""))
    unread = odd or unread_words(rest)
    return Said(tuple(parts), _grade_word(prior[1]) if prior else None, unread if parts else text, hedged)


def _described(rest: str) -> tuple[list[tuple[GradeRange, str, str]], str]:
    parts: list[tuple[GradeRange, str, str]] = []
    for pattern, how, meaning in _DESCRIBED:
        rest, times = pattern.subn(" ", rest)
        if times:
            parts.append((meaning, how, ""))
    return parts, rest


def _grade_word(said: str) -> str | None:
    compact = re.sub(r"[ -]", "", said)
    for word, digit in _DIGIT.items():
        compact = compact.replace(word, digit)
    return compact if compact in escc.GRADES else None


def _grades(rest: str) -> tuple[list[tuple[GradeRange, str, str]], str, str]:
    """Grades in a value; two joined by a dash, a slash, *to* or *or* are one range. Also grades unknown to the scale."""
    rest = _ABC.sub("1a to 1c", rest)
    found = [(m, _one(m)) for m in _GRADE.finditer(rest)]
    odd = " ".join(m.group().strip() for m, (_, strange) in found if strange)
    parts: list[tuple[GradeRange, str, str]] = []
    end = -1
    for match, (meaning, _) in found:
        joined = end >= 0 and _BETWEEN.fullmatch(rest[end : match.start()])
        if joined and parts:
            lo, hi = sorted((parts[-1][0].lo, meaning.hi), key=escc.rank)
            parts[-1] = (GradeRange(lo, hi), "graded", "")
        else:
            parts.append((meaning, "graded", ""))
        end = match.end()
    return parts, _GRADE.sub(" ", rest), odd


def _one(match: re.Match[str]) -> tuple[GradeRange, bool]:
    """One grade. A bare 1 may be 1a to 1c; 2a to 3d belong to a finer scale whose definitions are not
    published, so only the number counts and a person looks."""
    digit = _DIGIT.get(match[2], match[2])
    letter = match[3] or ""
    strange = (digit == "1" and letter == "d") or (digit != "1" and letter != "")
    if digit == "1":
        meaning = GradeRange("1a", "1c") if letter in ("", "d") else escc.exactly(f"1{letter}")
    else:
        meaning = escc.exactly(digit)
    return _widened(meaning, (match[1] or "").strip()), strange


def _widened(meaning: GradeRange, sign: str) -> GradeRange:
    if sign in (">=", "at least"):
        return GradeRange(meaning.lo, "3")
    if sign in ("<=", "at most", "up to"):
        return GradeRange("0", meaning.hi)
    if sign in (">", "greater than", "more than", "higher than", "above"):
        return GradeRange(escc.GRADES[min(escc.rank(meaning.hi) + 1, 5)], "3")
    if sign in ("<", "less than", "lower than"):
        return GradeRange("0", escc.GRADES[max(escc.rank(meaning.lo) - 1, 0)])
    return meaning

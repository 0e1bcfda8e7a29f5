"""From the words after a label to closed words. An unknown term is kept and flagged, never guessed."""

import re
from dataclasses import dataclass
from functools import lru_cache

from soar2.dictation.speech import nearest
from soar2.dictation.template import FIELD, Field

_HEDGE = re.compile(
    r"\b(?:possibl[ey]|probabl[ey]|likely|suspected|suspicious for|questionable|equivocal|may be|might be|"
    r"cannot exclude|can not exclude|cannot rule out|could be|presumed|concern for|concerning for)\b|\?"
)
#: No information given: not stated, and nothing to flag.
_NOT_GIVEN = frozenset(
    ("", "-", "--", "n/a", "na", "not applicable", "not stated", "not_stated", "not given", "unknown", "not assessed",
     "not assessable", "not evaluated", "no comparison", "not available", "limited", "not seen", "nd")
)  # fmt: skip
#: Of these the reader tried and could not tell, which a person should see.
_NOT_ASSESSABLE = frozenset(
    ("unknown", "not assessed", "not assessable", "not evaluated", "limited", "nd", "not seen")
)

#: Words that carry nothing by themselves beside a value.
_FILLER = frozenset(
    # a readable block of words, not a list of eighty quoted ones
    """the a an of at in on is are and or with to for body vertebral vertebra vertebrae level lesion element elements
    posterior pedicle pedicles facet facets joint joints lamina laminae costovertebral involvement involved fracture
    replacement sided side change changes signal cord spinal disease since prior study comparison compared
    from mri exam examination predominantly mainly largely tumour tumor metastasis metastatic grade
    appearance height loss collapse degree conus effacement sac thecal narrowing epidural t2 axial component
    components""".split()  # noqa: SIM905
)
_WORD = re.compile(r"[a-z0-9%><]+")
_SPLIT_OPTIONS = re.compile(r"[|/]")


@dataclass(frozen=True, slots=True)
class Parsed:
    """Closed words found, words that were not understood, and how sure the dictation was."""

    words: tuple[str, ...] = ()
    unread: str = ""
    hedged: bool = False
    unfilled: bool = False

    @property
    def clean(self) -> bool:
        return bool(self.words) and not self.unread


def plain(words: str) -> str:
    """Lower case, single spaces, no punctuation at the ends, percent signs closed up."""
    text = " ".join(words.lower().split())
    text = text.replace("≥", ">=").replace("≤", "<=").replace("per cent", "%").replace("percent", "%")
    return re.sub(r"(?<=\d)\s+(?=%)|(?<=[<>=~])\s+(?=\d)", "", text).strip(" .,;:|")


class _Vocabulary:
    """The synonyms of one field, compiled once."""

    def __init__(self, field: Field) -> None:
        self.exact = {
            plain(said): choice.word
            for choice in field.choices
            for said in (choice.word, choice.shown, *choice.said)
        }
        longest = sorted(self.exact, key=len, reverse=True)
        pattern = "|".join(re.escape(said) for said in longest) or r"(?!)"
        self.inside = re.compile(rf"(?<![\w%<>])(?:{pattern})(?![\w%])")


@lru_cache(maxsize=32)
def _vocabulary(key: str) -> _Vocabulary:
    return _Vocabulary(FIELD[key])


@lru_cache(maxsize=2048)
def parse(key: str, words: str) -> Parsed:
    """Closed words of the field ``key`` in the dictated ``words``.

    Several words may come back: the caller decides whether they add up or exclude each other.
    """
    text = plain(words)
    bracket = unbracket(text)
    if bracket is not None:
        return _picked(key, bracket)
    if text in _NOT_GIVEN:
        return Parsed(hedged=text in _NOT_ASSESSABLE)
    exact = _vocabulary(key).exact.get(text)
    if exact is not None:
        return Parsed((exact,))
    found = _collapse(text) if key == "collapse" else _loose(key, text)
    if found.unread and (right := _respelt(key, text)) != text:
        again = parse(key, right)
        if again.clean:
            # read, and kept as it was written, so that a person sees what was made of it
            return Parsed(again.words, text, again.hedged)
    return found


@lru_cache(maxsize=32)
def _spellings(key: str) -> tuple[str, ...]:
    return tuple(sorted({word for said in _vocabulary(key).exact for word in said.split() if len(word) >= 5}))


def _respelt(key: str, text: str) -> str:
    """The value with each word that misspells one word of the field's vocabulary put right."""
    return " ".join(nearest(word, _spellings(key)) or word for word in text.split())


def unbracket(text: str) -> str | None:
    """The inside of a value that is nothing but one bracketed field, or a run of blanks; None otherwise."""
    if not text or text[0] not in "[{<_*":
        return None
    found = _BRACKETED.fullmatch(text)
    return (found[1] or found[2] or found[3] or "") if found else None


_BRACKETED = re.compile(
    r"\[\s*([^\[\]]*?)\s*\]|\{\s*([^{}]*?)\s*\}|<\s*([^<>]*[a-z][^<>]*?)\s*>|_{2,}|\*{3,}"
)

#: Words that say all is well. Left in brackets they are a default nobody confirmed, and count for nothing.
_BENIGN = frozenset(("absent", "none", "normal", "blastic", "stable", "improved", "treated_stable", "old"))


def _picked(key: str, inside: str) -> Parsed:
    """A bracketed value. With several options it is an unfilled pick-list. With one it counts when it is
    not the benign one, because missing a finding harms more than reading one twice; a person looks."""
    if _SPLIT_OPTIONS.search(inside) or not inside:
        return Parsed(unfilled=True)
    words = tuple(w for w in parse(key, inside).words if w not in _BENIGN)
    return Parsed(words, unfilled=True)


def _loose(key: str, text: str) -> Parsed:
    """Synonyms anywhere in the value; what is left over must be filler, or it is kept and flagged."""
    if key == "alignment" and "degenerative" in text:
        # An old or degenerative slip is not the lesion's doing, and a scan cannot always tell.
        return Parsed(("indeterminate",), unread=text)
    hedged = bool(_HEDGE.search(text))
    rest = _HEDGE.sub(" ", text)
    if key == "alignment":
        rest = re.sub(r"\bgrade (?:[1-4]|i{1,3}|iv)\b", " ", rest)  # how far it slipped changes no points
    found: list[str] = []

    def take(match: re.Match[str]) -> str:
        found.append(_vocabulary(key).exact[match.group()])
        return " ; "

    rest = _vocabulary(key).inside.sub(take, rest)
    unread = unread_words(rest)
    if key == "lesion" and {"lytic", "blastic"} <= set(found) and "," not in text:
        found = ["mixed"]
    if found and _negates(unread):
        return Parsed((), unread=text, hedged=hedged)
    return Parsed(tuple(dict.fromkeys(found)), unread if found else text, hedged)


def unread_words(rest: str) -> str:
    """What is left of a value once its known words are taken out, without filler."""
    return " ".join(word for word in _WORD.findall(rest) if word not in _FILLER)


def _negates(unread: str) -> bool:
    return bool({"no", "not", "without", "except", "never", "non"} & set(unread.split()))


_MORE = r"(?:>=?|greater than|more than|over|exceeding|above)\s*"
_HALF = r"(?:50\s*%?|half|fifty\s*%?)"
_BODY = r"(?:\s*(?:of)?\s*(?:the)?\s*(?:vertebral)?\s*(?:body)?\s*(?:is|are)?\s*)"
_INVOLVED = re.compile(
    rf"(?:\b(?:but|and|with)\b\s*|,\s*)?{_MORE}{_HALF}{_BODY}(?:involve\w*|infiltrat\w*|replace\w*|infilled)"
)
_SOME_INVOLVED = re.compile(
    rf"(?:\b(?:but|and|with)\b\s*|,\s*)?(?:<=?|less than|under|below)\s*{_HALF}{_BODY}"
    r"(?:involve\w*|infiltrat\w*|replace\w*)"
)
_NO_COLLAPSE = re.compile(
    r"\b(?:no|none|nil|without|absent)\b(?: (?:vertebral )?(?:body )?(?:collapse|height loss|fracture))?"
    r"|(?<![\d<>])0%|height (?:is )?(?:preserved|maintained)"
)
_MORE_PERCENT = re.compile(rf"{_MORE}(\d{{1,3}}|half|fifty)\s*%?")
_LESS_PERCENT = re.compile(r"(?:<=?|less than|under|below)\s*(\d{1,3}|half|fifty)\s*%?")
_RANGE_PERCENT = re.compile(r"(\d{1,3})\s*%?\s*(?:-|to)\s*(\d{1,3})\s*%?")
_PERCENT = re.compile(
    r"(?:exactly|equal to|=|about|approximately|approx|~|around)?\s*(\d{1,3}\s*%|half|fifty\s*%?|\b50\b)"
)


def _collapse(text: str) -> Parsed:
    hedged = bool(_HEDGE.search(text))
    rest = _HEDGE.sub(" ", text)
    rest, involved = _INVOLVED.subn(" ", rest)
    rest = _SOME_INVOLVED.sub(" none " if not involved and "collapse" not in rest else " ", rest)
    found: list[str] = []
    for pattern, word in _COLLAPSE_STEPS:
        for match in pattern.finditer(rest):
            found.append(word(match))
        rest = pattern.sub(" ", rest)
    if set(found) <= {"none"} and involved:
        found = ["none_gt50_involved"]
    return Parsed(tuple(dict.fromkeys(found)), unread_words(rest) if found else text, hedged)


def _share(value: str) -> int:
    return 50 if not value.isdigit() else int(value)


def _more(match: re.Match[str]) -> str:
    # "more than 30%" leaves open on which side of half it lies
    return "gt50" if _share(match[1]) >= 50 else "indeterminate"


def _less(match: re.Match[str]) -> str:
    return "lt50" if _share(match[1]) <= 50 else "indeterminate"


def _range(match: re.Match[str]) -> str:
    lo, hi = int(match[1]), int(match[2])
    if lo > 50:
        return "gt50"
    return "lt50" if hi < 50 else "eq50"  # across half: 2 or 3 points, as for exactly half


def _percent(match: re.Match[str]) -> str:
    share = _share(match[1].rstrip("% "))
    return "eq50" if share == 50 else "gt50" if share > 50 else "lt50" if share > 0 else "none"


_COLLAPSE_STEPS = (
    (_RANGE_PERCENT, _range),
    (_MORE_PERCENT, _more),
    (_LESS_PERCENT, _less),
    (_NO_COLLAPSE, lambda match: "none"),
    (_PERCENT, _percent),
)

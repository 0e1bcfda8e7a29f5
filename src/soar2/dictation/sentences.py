"""Sentences of the prose around the macro, without history, comparison and technique; negation and time."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from soar2.dictation.statements import Place

# A bare word in capitals on its own line is a heading as well.
_HEADING = re.compile(
    r"[ \t]*(?:[-*•]\s*)?(?:([A-Za-z][A-Za-z /&-]{2,40}):|(?<![-*•])([A-Z][A-Z /&-]{3,40})\s*$)"
)
#: What stands under these is not about today's scan.
_NOT_TODAY = re.compile(
    r"\b(?:history|indication|clinical|comparison|prior|previous|technique|reason|exam(?:ination)?|procedure|order|"
    r"protocol|contrast|request|question|referr\w+|background)\b",
    re.I,
)
_NEWLINE = r"(?:\r\n|\r|\n)"
# A full stop, an empty line, or a new line that begins a list item.
_END = re.compile(
    r"[.;!?\r\n](?:(?<=[.;!?])(?=\s|$)"
    r"|(?<=[\r\n])(?:(?<=\r)\n)?+(?:[ \t]*(?:\r\n|\r|\n)|(?=\s*(?:\d{1,2}[.)]\s|[-*•]\s))))"
)
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


def lowered(text: str) -> str:
    """The text in lower case, character for character: a few letters would grow, and spans must not move."""
    low = text.lower()
    return (
        low if len(low) == len(text) else "".join(c if len(c := char.lower()) == 1 else char for char in text)
    )


def gaps(text: str, regions: Sequence[Place]) -> Iterator[Place]:
    """What of the text lies outside the macro."""
    at = 0
    for region in sorted(regions):
        if region.start > at:
            yield Place(at, region.start)
        at = max(at, region.end)
    if at < len(text):
        yield Place(at, len(text))


class Sentence(NamedTuple):
    """A sentence of the prose: half-open span of characters, the heading over it (empty: none), and its words in
    lower case, character for character."""

    start: int
    end: int
    heading: str = ""
    lower: str = ""


def sentences(text: str, regions: Sequence[Place]) -> tuple[Sentence, ...]:
    """Sentences of the prose, one after the other. Those under a heading such as History are left out."""
    found: list[Sentence] = []
    for gap in gaps(text, regions):
        if text[gap.start : gap.end].strip(" \t\r\n.;"):
            for block in _blocks(text, gap):
                _split(text, block, found)
    return tuple(found)


def _blocks(text: str, gap: Place) -> Iterator[Sentence]:
    """Runs of lines under a heading about today; a heading ends the run before it, a blank line the skipping."""
    start, skipping, seen_words, name = gap.start, False, False, ""
    for line in _LINE.finditer(text, gap.start, gap.end):
        shown = line.group()
        words = not shown.isspace()
        titled = words and (":" in shown or shown.isupper())
        heading = _heading(text, line.start(), line.end()) if titled else None
        if heading is not None:
            if not skipping and line.start() > start:
                yield Sentence(start, line.start(), name)
            name, start = heading
            skipping = _is_not_today(name)
            seen_words = bool(text[start : line.end()].strip())
        elif words:
            seen_words = True
        elif seen_words:
            if skipping:
                skipping, start, name = False, line.end(), ""
            seen_words = False
    if not skipping and start < gap.end:
        yield Sentence(start, gap.end, name)


def _heading(text: str, start: int, end: int) -> tuple[str, int] | None:
    found = _HEADING.match(text, start, end)
    if found is None:
        return None
    return (found[1], found.end()) if found[1] else (found[2], end)


@lru_cache(maxsize=512)
def _is_not_today(heading: str) -> bool:
    return bool(_NOT_TODAY.search(heading))


def _split(text: str, block: Sentence, found: list[Sentence]) -> None:
    at = block.start
    for stop in _END.finditer(text, block.start, block.end):
        _pieces(text, at, stop.start(), block.heading, found)
        at = stop.end()
    _pieces(text, at, block.end, block.heading, found)


#: No sentence is longer. Text without full stops is cut here, so that the work grows with its length only.
_LONGEST = 1500


def _pieces(text: str, start: int, end: int, heading: str, found: list[Sentence]) -> None:
    while start < end:
        stop = min(start + _LONGEST, end)
        words = text[start:stop]
        if not words.isspace():
            found.append(Sentence(start, stop, heading, lowered(words)))
        start = stop


#: What may stand between two sentences of one paragraph, up to the first word of the second.
_JOINED = re.compile(rf"[ \t.;!?]*(?:{_NEWLINE}[ \t]*)?(?!\s|[-*•]\s|\d{{1,2}}[.)]\s)")
_ITEM_NUMBER = re.compile(r"\s*(?:\d{1,2}|[-*•])\s*")


def same_paragraph(text: str, first: Sentence, second: Sentence) -> bool:
    """Whether the second sentence follows the first in its line, list item or paragraph."""
    if first.heading != second.heading or _ITEM_NUMBER.fullmatch(text, first.start, first.end):
        return False
    between = _JOINED.match(text, first.end)
    return between is not None and second.start <= between.end() < second.end


# From here on all words are read in lower case.

# Words that set today's finding against an earlier one; they do not make the finding an earlier one.
_AGAINST_PRIOR = re.compile(
    r"(?:compared\s+(?:with|to)|since|from|relative\s+to|versus|than|on|in\s+comparison\s+(?:with|to))\s+(?:the\s+)?"
    r"(?:prior|previous|last|earlier)(?:\s+(?:study|exam\w*|mri|scan|imaging|mr))?(?:\s+(?:of|from|dated)\s+[\d/.-]+)?"
    r"|\(\s*(?:was|previously|prior)[^)]*\)"
    r"|,?\s*\b(?:was|previously|prior)\s+(?:escc\s*|bilsky\s*|grade\s*)*(?:0|1\s?[abc]|2|3)\b",
)
_PAST = re.compile(
    r"\b(?:prior|previous|previously|earlier|formerly|history|known|had|was|were|resolved|resolution|no longer|"
    r"decompressed|at presentation|in (?:19|20)\d\d|last (?:year|month|week)|pre-?operative(?:ly)?|before|indication|"
    r"if|should|would|risk|recommend\w*|evaluate|assess|rule out|r/o|query|family|outside hospital)\b",
)
_TODAY = re.compile(r"\b(?:now|currently|today|at present)\b")
_NEGATION = re.compile(
    r"\b(?:no|not|without|negative|absent|absence|denies|free of|neither|nor|never|unlikely|rather than|instead of|"
    r"excluded?|excludes|ruled out|rules out)\b",
)
_SCOPE_END = re.compile(
    r"\b(?:but|however|although|except|with|causing|causes|there (?:is|are)|which|is|are|demonstrates|shows)\b|[;:]",
)
_NEGATED_AFTER = re.compile(
    r"\s*(?:(?:at|of|in)\s+\S+\s+)?(?:is|are|has been|have been)?\s*"
    r"(?:not\s+(?:seen|present|identified|evident|demonstrated)|absent|excluded|"
    r"ruled\s+out|resolved|unlikely)\b",
)


def blank_comparisons(sentence: str) -> str:
    """The sentence with its comparison phrases blanked, character for character."""
    return _AGAINST_PRIOR.sub(lambda m: " " * len(m.group()), sentence)


def current_from(sentence: str) -> int | None:
    """Where the words about today begin: 0 when nothing in the sentence looks back, the place after *now*
    where it does, None when the whole sentence is about the past, a plan or a question."""
    if not _PAST.search(sentence):
        return 0
    now = _TODAY.search(sentence)
    return now.end() if now and not _PAST.search(sentence, now.end()) else None


def negated(sentence: str, start: int, end: int) -> bool:
    """Whether the words ``sentence[start:end]`` are denied, by words before them in their clause or just after."""
    last = None
    for found in _NEGATION.finditer(sentence, 0, start):
        last = found
    if last is not None and not _SCOPE_END.search(sentence, last.end(), start):
        return True
    return bool(_NEGATED_AFTER.match(sentence, end))

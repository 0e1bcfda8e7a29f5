"""A sentence as a row of items: the words and phrases that the grammar knows, and the levels it names."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from soar2.criteria import anatomy
from soar2.dictation.freetext.lexicon import LENGTHS, PHRASES, plain_word, respelt

_NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13,
}  # fmt: skip
_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "eleventh": 11, "twelfth": 12,
}  # fmt: skip
_SPOKEN = "|".join(_NUMBERS)
_ORDINAL = "|".join(_ORDINALS)
_REGION = "cervical|thoracic|dorsal|lumbar|sacral"
_NAME = (
    rf"(?:occiput|occipital\s+condyles?|c0|(?:{_REGION}|th|[ctdls])\s?[-.]?\s?(?:\d{{1,2}}(?!\d)|(?:{_SPOKEN})\b)"
    rf"|(?:{_ORDINAL}|\d{{1,2}}(?:st|nd|rd|th))\s+(?:{_REGION})(?:\s+(?:vertebral\s+body|vertebra|level))?"
    rf"|(?:{_REGION})\s+(?:vertebral\s+body|vertebra|level|segment)\s+\d{{1,2}}(?!\d))"
)
_BARE = r"(?:\d{1,2}(?![\d.]*\s*(?:%|mm|cm|x\s))(?!\d))"
_JOIN = (
    r"\s*(?:,?\s*(?:as\s+well\s+as|along\s+with|and|&|or|plus)(?:\s+(?:at|of|in|also(?:\s+at)?|the))?|,(?:\s*at)?|/|\+|-"
    r"|to(?:\s+the)?|through|thru|down\s+to|into)\s*(?:levels?\s+)?"
)
_SPEC = re.compile(
    rf"(?<!\w)(?<!\w')(?:levels?\s+)?{_NAME}(?:{_JOIN}(?:{_NAME}|{_BARE})(?![\d%])(?![a-z]{{1,3}}(?![a-z])))*(?![\d%])(?![a-z]{{1,3}}(?![a-z]))"
)
_TOKEN = re.compile(
    rf"(?P<name>{_NAME})(?![\d%])|(?P<bare>{_BARE})(?![\d%])|(?P<range>-|\bto\b|\bthrough\b|\bthru\b)"
)
_MAYBE_LEVEL = re.compile(
    rf"\b(?:th|[ctdls])\s?[-.]?\s?(?:\d|{_SPOKEN})|occip|\bc0|(?:{_REGION})[\s-](?:\d|{_SPOKEN})|(?:{_ORDINAL}|\d(?:st|nd|rd|th))\s+(?:{_REGION})|(?:{_REGION})\s+(?:vert|level|segment)"
)
#: MRI sequences that look like levels.
_SEQUENCE = re.compile(
    r"\bt[12](?:\s*(?:and|/|,|&|or)\s*t[12])*(?=\s*,\s*(?:stir|flair|pd|gre|dixon)\b|[\s/-]*(?:weighted|w\b|wi\b|hyper\w*|hypo\w*|signal|bright|dark|iso\w*|high\s+signal"
    r"|prolong\w*|sequence\w*|images?|imaging|stir|flair|fat|fs\b|fse|tse|axials?\b|sagittals?\b|shorten\w*|marrow|star|gre|intense|space|propeller|dixon|post\b|pre\b|after\b|with\s+(?:contrast|gad)|\+))"
    r"|(?<=on )t[12](?:\s*(?:and|/|,|&|or)\s*t[12])*\b(?!\s*(?:vertebr|level|body))"
    r"|\b(?:axial|sagittal|coronal|increased|high|low|abnormal|bright on)\s+t[12](?:\s*(?:and|/|,|&|or)\s*t[12])*\b"
    r"(?!\s*(?:vertebr|level|body))"
)
#: What follows a name that is a nerve root's, a muscle's or a count and not a vertebra's.
_NO_VERTEBRA = re.compile(
    r"\s*(?:(?:exiting|traversing|descending|left|right|neural|bilateral)\s+)*(?:nerves?|roots?|radicul\w*|dermatom\w*|myotom\w*|ganglion|foram\w+|lateral\s+recess)\b"
)
#: *C4 on C5*: one slip, named by two vertebrae.
_ON = re.compile(r"\s+(?:on|over|upon|relative\s+to|with\s+respect\s+to)\s+$")
_HARDWARE_BEFORE = re.compile(
    r"(?:fusion|instrumentation|hardware|screws?|rods?|stabili[sz]ation|fixation)\s+(?:hardware\s+)?(?:changes\s+)?(?:at|from|of|in|spanning|extending\s+from)?\s*(?:the\s+)?$"
)
_HARDWARE_AFTER = re.compile(
    r"\s+(?:posterior\s+)?(?:spinal\s+)?(?:fusion|instrumentation|hardware|stabili[sz]ation|fixation|pedicle\s+screws?)"
)
_CONUS_BEFORE = re.compile(
    r"\bconus\b(?:\s+medullaris)?(?:[\s,]+(?:tip|terminates?|terminating|ends?|ending|lies|is|are|normally|normal|located|positioned|position|situated|and|in|the|of|level|at|to|about|approximately|appears|caliber|calibre|signal|inferior|endplate|mid|upper|lower|superior))*[\s:]*$"
)
_DISC = re.compile(r"\s*(?:dis[ck]s?\b|inters?pace|disc\s+level|facet|endplates?\b|intervertebral)")
_DISC_BEFORE = re.compile(r"\bdis[ck]s?\s+(?:spaces?\s+)?(?:at\s+|of\s+)?(?:the\s+)?$")
_PAIR = re.compile(r"\S+?\s*[-/]\s*\S+")
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+(?:\.\d+)?|[^\sa-z\d]|[^\W\d_]+")


class Item(NamedTuple):
    """A known phrase, a level mention, or a plain word (no tags). Places count from the sentence's start."""

    tags: frozenset[str]
    word: str
    start: int
    end: int
    action: str = ""
    levels: tuple[str, ...] = ()
    disc: bool = False
    #: '' for a level spoken of; ``conus``, ``hardware`` or ``slip`` where the name serves to say something else.
    role: str = ""


LEVEL = frozenset(("LEVEL",))
_PLAIN: frozenset[str] = frozenset()


@lru_cache(maxsize=2048)
def _resolve(spec: str) -> tuple[str, ...]:
    levels: list[str] = []
    region, ranged = "", False
    for token in _TOKEN.finditer(spec):
        if token["range"]:
            ranged = True
            continue
        level = _canonical(token["name"] or region + token["bare"])
        if level is None:
            continue
        if ranged and levels:
            levels += anatomy.between(levels[-1], level)
        else:
            levels.append(level)
        region = level[0] if level != "Oc" else region
        ranged = False
    return tuple(dict.fromkeys(levels))


def _canonical(name: str) -> str | None:
    plain = " ".join(name.lower().split())
    ordinal = re.match(rf"({_ORDINAL}|\d{{1,2}}(?=st|nd|rd|th))(?:st|nd|rd|th)?\s+({_REGION})", plain)
    if ordinal:
        return anatomy.canonical(f"{ordinal[2]} {_ORDINALS.get(ordinal[1], ordinal[1])}")
    plain = re.sub(r"\s+(?:vertebral body|vertebra|level|segment)\s+", " ", plain)
    plain = re.sub(rf"(?:{_SPOKEN})$", lambda m: str(_NUMBERS[m.group()]), plain)
    plain = re.sub(r"([a-z])\s*-\s*(?=\d)", r"\1 ", plain)
    return anatomy.canonical(plain)


def levels_in(sentence: str) -> list[Item]:
    """Level mentions of a sentence in lower case, in order; sequences and nerve roots are none."""
    if not _MAYBE_LEVEL.search(sentence):
        return []
    masked = (
        _SEQUENCE.sub(lambda m: " " * len(m.group()), sentence)
        if "t1" in sentence or "t2" in sentence
        else sentence
    )
    found: list[Item] = []
    for match in _SPEC.finditer(masked):
        levels = _resolve(match.group())
        if not levels or _NO_VERTEBRA.match(masked, match.end()):
            continue
        pair = len(levels) == 2 and bool(_PAIR.fullmatch(match.group().strip())) and _adjacent(levels)
        disc = bool(
            _DISC.match(masked, match.end())
            or _DISC_BEFORE.search(masked, max(0, match.start() - 24), match.start())
        )
        role = _role(masked, match.start(), match.end(), found)
        if role == "slip" and match.start() - found[-1].end <= 20:
            found[-1] = found[-1]._replace(role="slip")
        found.append(Item(LEVEL, "pair" if pair else "", match.start(), match.end(), "", levels, disc, role))
    return found


_SLIPS = re.compile(r"sublux|slip|translat|displac|listhes|shift")


def _role(text: str, start: int, end: int, before: list[Item]) -> str:
    ahead = text[max(0, start - 60) : start]
    if "conus" in ahead and _CONUS_BEFORE.search(ahead):
        return (
            ""
            if re.search(r"compress|abut|contact|indent|deform|displac|encas|effac|mass effect", text[:start])
            else "conus"
        )
    if _HARDWARE_BEFORE.search(ahead) or _HARDWARE_AFTER.match(text, end):
        return "hardware"
    between = text[before[-1].end : start] if before else ""
    if (
        before
        and _ON.search(ahead)
        and (len(between) <= 20 or (len(between) < 60 and _SLIPS.search(between)))
    ):
        return "slip"
    return ""


def _adjacent(levels: tuple[str, ...]) -> bool:
    return anatomy.rank(levels[1]) - anatomy.rank(levels[0]) in (1, 2) and len(anatomy.between(*levels)) == 2


#: A named tuple made without its keyword constructor: a sentence has many words and few of them matter.
_new = tuple.__new__


def items_of(sentence: str, named: Sequence[Item]) -> list[Item]:
    """The sentence in lower case as items, in order; ``named``: its level mentions."""
    matches = list(_WORD.finditer(sentence))
    words = [_known_word(m.group()) for m in matches]
    items: list[Item] = []
    n, at, count = 0, 0, len(words)
    limit = named[0].start if named else len(sentence) + 1
    while n < count:
        match = matches[n]
        if match.start() >= limit:
            level = named[at]
            items.append(level)
            at += 1
            limit = named[at].start if at < len(named) else len(sentence) + 1
            while n < count and matches[n].start() < level.end:
                n += 1
            continue
        word = words[n]
        for length in LENGTHS.get(word, ()):
            last = n + length
            if (
                last <= count
                and (entry := PHRASES.get(tuple(words[n:last])))
                and matches[last - 1].end() <= limit
            ):
                spoken = " ".join(words[n:last]) if length > 1 else word
                items.append(
                    _new(
                        Item,
                        (
                            entry.tags,
                            spoken,
                            match.start(),
                            matches[last - 1].end(),
                            entry.action,
                            (),
                            False,
                            "",
                        ),
                    )
                )
                n = last
                break
        else:
            items.append(_new(Item, (_PLAIN, word, match.start(), match.end(), "", (), False, "")))
            n += 1
    return items


@lru_cache(maxsize=16384)
def _known_word(word: str) -> str:
    plain = plain_word(word)
    return plain_word(respelt(plain)) if len(plain) > 6 else plain

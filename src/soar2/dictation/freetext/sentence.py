"""One sentence, read: its mentions, the levels and the region it speaks of, and whose doing it names."""

import re
from functools import lru_cache
from typing import NamedTuple

from soar2.criteria import anatomy
from soar2.dictation.freetext.bone import bone_mentions
from soar2.dictation.freetext.epidural import epidural_mentions
from soar2.dictation.freetext.items import LEVEL, Item, items_of, levels_in
from soar2.dictation.freetext.lesion import cancer_mentions
from soar2.dictation.freetext.lexicon import CAUSES
from soar2.dictation.freetext.mentions import TUMOURISH, Mention, Sentence
from soar2.dictation.freetext.scope import scope_of


class Read(NamedTuple):
    """A sentence read by itself. ``levels``: those it speaks of, which the next sentence may go on about. ``lead``: it
    begins with them. ``region``: first letters of regions named. ``cause``: another cause it names, tumour aside.
    ``doubt`` and ``denials`` are places of words that set others aside, for the page that shows them."""

    mentions: tuple[Mention, ...]
    levels: tuple[str, ...]
    lead: bool
    region: str
    cause: str
    tumour: bool
    conus: str
    cancer: tuple[Mention, ...]
    label: str
    #: All levels named are those of discs.
    disc: bool = False


_REGION = re.compile(
    r"\b(?:(?P<C>cervical|c-?spine)|(?P<T>thoracic|dorsal spine|t-?spine)|(?P<L>lumbar|lumbosacral|l-?spine)"
    r"|(?P<S>sacrum|sacral))\b(?!\s*[-.]?\s*\d)"
)
_CAUSES = frozenset(CAUSES)


@lru_cache(maxsize=8192)
def read_sentence(words: str) -> Read:
    """Read a sentence in lower case. Reports are made of stock sentences that differ in their levels, so each is read
    once with its levels left open."""
    named = levels_in(words)
    if not named:
        return _read(words, ())
    shape = tuple((i.start, i.end, i.word, len(i.levels), i.disc, i.role) for i in named)
    open_read = _read(_opened(words, named), shape)
    real = {f"@{n}.{k}": level for n, item in enumerate(named) for k, level in enumerate(item.levels)}
    return open_read._replace(
        mentions=tuple(
            m._replace(levels=_closed(m.levels, real)) if m.levels else m for m in open_read.mentions
        ),
        levels=_closed(open_read.levels, real),
        conus=_conus(named),
        disc=all(item.disc for item in named),
    )


def _opened(words: str, named: list[Item]) -> str:
    """The words with the digits of their levels made noughts, character for character."""
    pieces, at = [], 0
    for item in named:
        pieces += [words[at : item.start], _DIGIT.sub("0", words[item.start : item.end])]
        at = item.end
    return "".join((*pieces, words[at:]))


def _closed(levels: tuple[str, ...], real: dict[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(real[level] for level in levels))


_DIGIT = re.compile(r"\d")
_Shape = tuple[tuple[int, int, str, int, bool, str], ...]


@lru_cache(maxsize=8192)
def _read(words: str, shape: _Shape) -> Read:
    """A sentence whose levels stand as ``@0.0``, ``@0.1`` ...: number of the mention, place in its list."""
    named = [
        Item(LEVEL, word, start, end, "", tuple(f"@{n}.{k}" for k in range(count)), disc, role)
        for n, (start, end, word, count, disc, role) in enumerate(shape)
    ]
    items = items_of(words, named)
    tags = frozenset().union(*(item.tags for item in items if item.tags)) if items else frozenset()
    if tags.isdisjoint(_TELLING):
        return _plain(words, items, tags)
    said = Sentence(words, items, scope_of(items, tags), tags)
    mentions = [*epidural_mentions(said), *bone_mentions(said)]
    if said.scope.excepted:
        mentions = _but_for(said, mentions)
    levels = [item for item in items if item.levels]
    cancer = tuple(cancer_mentions(said)) if said.has("CANCER", "TUMOUR") else ()
    return Read(
        tuple(mentions),
        _spoken_of(said, levels),
        _leads(items),
        _region(words),
        _other_cause(said),
        said.has(*TUMOURISH) or _lesion(said),
        "",
        cancer,
        _label(words, items),
    )


#: Tags without which a sentence says nothing to this reader but where it is.
_TELLING = frozenset(
    """ACT EPI INTO MSCC CORDCOMP GRADELABEL EPISPACE RESIDUAL CSFKEPT CORDCLEAR CORDOK PATENT BONEONLY NOCSF
    NOTPRESS BELOW TUMOUR LESION CANCER LYTIC BLASTIC MIXED INDET HEIGHT PLANA HEIGHTKEPT MOSTBODY ALIGNOK
    DEFORM SLIP PEDICLE SIGNAL SIGNALOK STABLE BETTER WORSE NEW TREAT POSTNO abscess infection haematoma
    unstable_fracture benign_tumour harmless""".split()  # noqa: SIM905
)


def _plain(words: str, items: list[Item], tags: frozenset[str]) -> Read:
    levels = [item for item in items if item.levels]
    spoken = tuple(dict.fromkeys(level for item in levels if not item.role for level in item.levels))
    label = _label(words, items) if items else ""
    return Read((), spoken, _leads(items), _region(words), "", False, "", (), label)


def _but_for(said: Sentence, mentions: list[Mention]) -> list[Mention]:
    """*No epidural disease except at T8* denies it elsewhere and says it there."""
    at = said.scope.excepted[0]
    place = said.items[at].start
    named = next((item.levels for item in said.items[at:] if "LEVEL" in item.tags), ())
    more = any(m.item == "escc" and m.start > place for m in mentions)
    if more and said.items[at].word.startswith(("but", "only")):
        return mentions  # it goes on to say something else
    out: list[Mention] = []
    for mention in mentions:
        if mention.item == "escc" and mention.word == "no" and mention.end <= place:
            out.append(mention._replace(levels=(), other=True))
            if named:
                out.append(_affirmed(mention, named))
        else:
            out.append(mention)
    return out


def _affirmed(mention: Mention, levels: tuple[str, ...]) -> Mention:
    from soar2.criteria import escc

    reach = escc.EPIDURAL_TUMOUR if mention.how == "described" else escc.CORD_COMPRESSED
    return mention._replace(levels=levels, word="yes", reach=reach, how="described", cause=mention.cause)


def _spoken_of(said: Sentence, levels: list[Item]) -> tuple[str, ...]:
    """What a sentence without a level that follows is about: the level with which this one begins, else all named
    in it that are not denied or of the past."""
    kept = [i for i in levels if not i.role and not _aside(said, i)] or [i for i in levels if not i.role]
    if not kept:
        return ()
    if _leads(said.items) and kept[0] is levels[0]:
        return kept[0].levels
    if len(kept) == 1:
        return kept[0].levels
    return tuple(dict.fromkeys(level for item in kept for level in item.levels))


def _aside(said: Sentence, level: Item) -> bool:
    return bool(said.scope.aside[said.items.index(level)])


def _leads(items: list[Item]) -> bool:
    for item in items[:3]:
        if "LEVEL" in item.tags:
            return True
        if item.word not in ("at", "the", "level", "-", "*", "in"):
            return False
    return False


def _region(words: str) -> str:
    found = {m.lastgroup or "" for m in _REGION.finditer(words)}
    return "".join(sorted(found)) + ("S" if "L" in found and "S" not in found else "")


def _lesion(said: Sentence) -> bool:
    return said.tags.isdisjoint(_CAUSES) and any(
        "LESION" in item.tags and item.word not in ("disease", "signal abnormality", "focus", "foci")
        for item in said.items
    )


def _other_cause(said: Sentence) -> str:
    """Another cause that the sentence asserts while naming no tumour."""
    found = ""
    if said.tags.isdisjoint(_CAUSES):
        return ""
    for n, item in enumerate(said.items):
        if not item.tags or not said.scope.standing(n):
            continue
        if item.tags & TUMOURISH and "EPI" not in item.tags:
            return ""
        key = next((key for key in CAUSES if key in item.tags), "")
        if key and not found:
            found = key
    return found


def _conus(items: list[Item]) -> str:
    level = next((item for item in items if item.role == "conus"), None)
    return min(level.levels, key=anatomy.rank) if level else ""


def _label(words: str, items: list[Item]) -> str:
    """The sentence's label: ``level`` (*T8: ...*), ``bare`` (*T8:* and nothing else), ``other`` (*Alignment: ...*), ''."""
    colon = words.find(":")
    lead = _leads(items)
    if lead and not words[items[min(2, len(items) - 1)].end :].strip(" :.-"):
        return "bare"
    if lead:
        return "level"
    return (
        "other" if 0 < colon <= 40 and not any("LEVEL" in i.tags and i.start < colon for i in items) else ""
    )


def moved_level(words: str) -> tuple[str, str] | None:
    """*The metastasis is at T9, not T8*: (as written, as meant). None where the words say anything else."""
    items = items_of(words, levels_in(words))
    for n, item in enumerate(items):
        if item.tags & {"NOT"} or item.word in ("rather than", "instead of", "and not"):
            before = [i for i in items[:n] if "LEVEL" in i.tags]
            after = items[n + 1 : n + 4]
            named = next((i for i in after if "LEVEL" in i.tags), None)
            plain = (
                all(
                    "LEVEL" in i.tags or i.word in ("at", "the", "in", "of")
                    for i in after[: after.index(named) + 1]
                )
                if named
                else False
            )
            if before and named and plain and len(before[-1].levels) == len(named.levels) == 1:
                return named.levels[0], before[-1].levels[0]
    return None

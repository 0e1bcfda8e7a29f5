"""One sentence, read: its mentions, the levels and the region it speaks of, and whose doing it names."""

import re
from functools import lru_cache
from typing import NamedTuple

from soar2.criteria import anatomy
from soar2.dictation.freetext.bone import body_share, bone_mentions, cancer_mentions, size_change
from soar2.dictation.freetext.epidural import epidural_mentions
from soar2.dictation.freetext.items import Item, items_of
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


_REGION = re.compile(
    r"\b(?:(?P<C>cervical|c-?spine)|(?P<T>thoracic|dorsal spine|t-?spine)|(?P<L>lumbar|lumbosacral|l-?spine)|(?P<S>sacrum|sacral))\b(?!\s*[-.]?\s*\d)"
)
_ORDINARY = frozenset(("AND", "OR", "VERB", "BONE", "SIDE", "MILD", "MODERATE", "SEVERE", "WITH", "NO", "NIL", "PARTIAL", "KEPT"))


@lru_cache(maxsize=8192)
def read_sentence(words: str) -> Read:
    """Read a sentence in lower case. Reports are made of stock sentences, so each is read once."""
    items = items_of(words)
    said = Sentence(words, items, scope_of(items))
    mentions = [*epidural_mentions(said), *bone_mentions(said), *body_share(said), *size_change(said)]
    if said.scope.excepted:
        mentions = _but_for(said, mentions)
    levels = [item for item in items if "LEVEL" in item.tags]
    cancer = tuple(cancer_mentions(said)) if said.has("CANCER", "TUMOUR") else ()
    return Read(
        tuple(mentions),
        _spoken_of(said, levels),
        _leads(items),
        _region(words),
        _other_cause(said),
        said.has(*TUMOURISH),
        _conus(items),
        cancer,
        _label(words, items),
    )


def _but_for(said: Sentence, mentions: list[Mention]) -> list[Mention]:
    """*No epidural disease except at T8* denies it elsewhere and says it there."""
    at = said.scope.excepted[0]
    place = said.items[at].start
    named = next((item.levels for item in said.items[at:] if "LEVEL" in item.tags), ())
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


def _other_cause(said: Sentence) -> str:
    """Another cause that the sentence asserts while naming no tumour."""
    found = ""
    for n, item in enumerate(said.items):
        if not said.scope.standing(n):
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
    """What the sentence's label is: ``level`` (*T8: ...*), ``bare`` (*T8:* and nothing else), ``other`` (*Alignment: ...*), ''."""
    colon = words.find(":")
    lead = _leads(items)
    if lead and not words[items[min(2, len(items) - 1)].end :].strip(" :.-"):
        return "bare"
    if lead:
        return "level"
    return "other" if 0 < colon <= 40 and not any("LEVEL" in i.tags and i.start < colon for i in items) else ""


def moved_level(words: str) -> tuple[str, str] | None:
    """*The metastasis is at T9, not T8*: (as written, as meant). None where the words say anything else."""
    items = items_of(words)
    for n, item in enumerate(items):
        if item.tags & {"NOT"} or item.word in ("rather than", "instead of", "and not"):
            before = [i for i in items[:n] if "LEVEL" in i.tags]
            after = items[n + 1 : n + 4]
            named = next((i for i in after if "LEVEL" in i.tags), None)
            plain = all("LEVEL" in i.tags or i.word in ("at", "the", "in", "of") for i in after[: after.index(named) + 1]) if named else False
            if before and named and plain and len(before[-1].levels) == len(named.levels) == 1:
                return named.levels[0], before[-1].levels[0]
    return None

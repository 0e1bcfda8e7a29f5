"""One sentence, read: its mentions, the levels and the region it speaks of, and whose doing it names."""

import re
from functools import lru_cache
from typing import NamedTuple

from soar2.criteria import anatomy
from soar2.dictation.freetext.bone import body_share, bone_mentions, cancer_mentions
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


_REGION = re.compile(
    r"\b(?:(?P<C>cervical|c-?spine)|(?P<T>thoracic|dorsal spine|t-?spine)|(?P<L>lumbar|lumbosacral|l-?spine)|(?P<S>sacrum|sacral))\b(?!\s*[-.]?\s*\d)"
)
_ORDINARY = frozenset(("AND", "OR", "VERB", "BONE", "SIDE", "MILD", "MODERATE", "SEVERE", "WITH", "NO", "NIL", "PARTIAL", "KEPT"))


@lru_cache(maxsize=8192)
def read_sentence(words: str) -> Read:
    """Read a sentence in lower case. Reports are made of stock sentences, so each is read once."""
    items = items_of(words)
    said = Sentence(words, items, scope_of(items))
    mentions = [*epidural_mentions(said), *bone_mentions(said), *body_share(said)]
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
    kept = [i for i in levels if not _aside(said, i)]
    if not kept:
        return ()
    if _leads(said.items) and kept[0] is levels[0]:
        return kept[0].levels
    if len(kept) == 1:
        return kept[0].levels
    return tuple(dict.fromkeys(level for item in kept for level in item.levels))


def _aside(said: Sentence, level: Item) -> bool:
    at = said.items.index(level)
    return bool(said.scope.aside[at]) or any("CONUSAT" in i.tags for i in said.items[max(0, at - 3) : at])


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
    for n, item in enumerate(items):
        if "CONUSAT" in item.tags:
            for after in items[n + 1 : n + 6]:
                if "LEVEL" in after.tags:
                    return min(after.levels, key=anatomy.rank)
    return ""

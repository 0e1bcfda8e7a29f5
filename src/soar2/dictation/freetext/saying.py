"""A mention of anything but epidural disease, made from the item that says it."""

from soar2.dictation.freetext.lexicon import CAUSES
from soar2.dictation.freetext.mentions import Mention, Sentence, levels_of, segment_bounds

TUMOUR_HERE = frozenset(("TUMOUR", "LESION", "EPI", "MSCC", "LYTIC", "BLASTIC", "MIXED"))

CAUSE_TAGS = frozenset(CAUSES)


def said_of(
    said: Sentence,
    n: int,
    item: str,
    word: str,
    *,
    levels: tuple[str, ...] | None = None,
    cause: str = "",
    standing: str = "",
    end: int | None = None,
    start: int | None = None,
) -> Mention:
    first, last = (start if start is not None else n), (end if end is not None else n)
    where = levels_of(said, n) if levels is None else levels
    scope = said.scope
    return Mention(
        item, word, said.items[first].start, said.items[last].end, where, None, "", "", cause,
        standing or scope.aside[n], scope.doubted[n], elsewhere(said, n),
    )  # fmt: skip


def elsewhere(said: Sentence, n: int) -> bool:
    lo, hi = segment_bounds(said.items, n)
    return any("ELSE" in i.tags for i in said.items[lo:hi])

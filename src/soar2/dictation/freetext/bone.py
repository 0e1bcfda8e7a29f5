"""Everything a sentence says beside epidural disease: one reader for each tag."""

from collections.abc import Callable, Iterator

from soar2.dictation.freetext.course import COURSE, now_pressed, size_change
from soar2.dictation.freetext.lesion import LESION
from soar2.dictation.freetext.mentions import Mention, Sentence
from soar2.dictation.freetext.stability import STABILITY, aligned_words, body_share

_READERS: dict[str, Callable[[Sentence, int], Iterator[Mention]]] = {**LESION, **STABILITY, **COURSE}


def bone_mentions(said: Sentence) -> Iterator[Mention]:
    yield from body_share(said)
    yield from aligned_words(said)
    yield from size_change(said)
    yield from now_pressed(said)
    if said.tags.isdisjoint(_READERS):
        return
    for n, item in enumerate(said.items):
        if item.tags:
            for tag in item.tags:
                reader = _READERS.get(tag)
                if reader is not None:
                    yield from reader(said, n)

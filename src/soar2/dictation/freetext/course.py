"""Cord signal, change since the last scan, and treatment."""

import re
from collections.abc import Callable, Iterator, Sequence

from soar2.dictation.freetext.items import Item
from soar2.dictation.freetext.mentions import (
    Mention,
    Sentence,
    cause_of,
    levels_of,
    segment_bounds,
    stop_after,
    stop_before,
)
from soar2.dictation.freetext.saying import CAUSE_TAGS, TUMOUR_HERE, said_of

_OLD = re.compile(r"\b(?:old|chronic|unchanged|stable|long-?\s?standing|myelomalacia)\b")


_WITHIN = frozenset(("in", "within", "of", "involving", "inside"))
_NOT_CORD = frozenset(
    (
        "marrow",
        "bone",
        "bone marrow",
        "endplate",
        "paraspinal",
        "prevertebral",
        "interspinous",
        "vertebral",
        "body",
    )
)


def _in_cord(items: Sequence[Item], n: int, lo: int, hi: int) -> bool:
    """Whether a signal change is the cord's: *within the cord* behind it, or the cord its subject; not a bright lesion
    that touches the cord."""
    if n > lo and items[n - 1].word in _NOT_CORD:
        return False
    if any(item.tags & {"TUMOUR", "LESION"} for item in items[n + 1 : n + 3]):
        return False
    for at in range(n + 1, min(hi, n + 7)):
        if "CORD" in items[at].tags:
            between = items[n + 1 : at]
            struck = any(i.action.endswith((" v", " g")) for i in between)
            return any(i.word in _WITHIN for i in between) and not struck
    return _subject_is_cord(items, n, lo)


def _subject_is_cord(items: Sequence[Item], n: int, lo: int) -> bool:
    for at in range(n - 1, max(lo - 1, n - 8), -1):
        if "CORD" in items[at].tags:
            return True
        if items[at].tags & {"TUMOUR", "LESION", "EPI"} or items[at].action.endswith((" v", " g")):
            return False
    return False


def _signal(said: Sentence, n: int) -> Iterator[Mention]:
    items, scope = said.items, said.scope
    lo, hi = stop_before(items, n), stop_after(items, n)
    word = items[n].word
    own = any(stem in word for stem in ("cord", "intramedullary", "myelo"))
    if not own and not _in_cord(items, n, lo, hi):
        return
    if (
        word in ("signal", "abnormal signal")
        and not own
        and not scope.denied[n]
        and "abnormal" not in said.text
        and "increased" not in said.text
    ):
        return
    cause = cause_of(said, n)
    if scope.denied[n]:
        if scope.denied[n] != "new":
            yield said_of(said, n, "cord_signal", "absent", cause=cause)
        return
    if (
        re.search(r"\bnormal\b", said.text[max(0, items[n].start - 25) : items[n].end + 20])
        and "abnormal" not in said.text
    ):
        yield said_of(said, n, "cord_signal", "absent", cause=cause)
        return
    text = said.text[items[lo].start : items[hi - 1].end]
    age = (
        "new"
        if re.search(r"\bnew(?:ly)?\b", text)
        else "old"
        if _OLD.search(text.replace("myelomalacia", ""))
        else "present"
    )
    if (
        age == "old"
        and re.search(r"\b(?:stable|unchanged)\b", text)
        and not re.search(r"\b(?:old|chronic|standing)\b", text)
    ):
        age = "old"
    yield said_of(said, n, "cord_signal", age, cause=cause)


def _signal_normal(said: Sentence, n: int) -> Iterator[Mention]:
    if said.has("CORD") or "cord" in said.items[n].word:
        yield said_of(said, n, "cord_signal", "absent")


_ELSE = frozenset(
    ("ALIGNOK", "HEIGHT", "HEIGHTKEPT", "HARDWARE", "SLIP", "DEFORM", "STRAIGHT", "SIGNAL", "SIGNALOK")
)
_ELSE_WORDS = frozenset(
    (
        "alignment",
        "height",
        "heights",
        "hardware",
        "hardware,",
        "screws",
        "implants",
        "pain",
        "examination",
        "fracture",
    )
)


def _of_something_else(items: Sequence[Item], a: int, b: int) -> bool:
    """*Stable hardware*, *alignment unchanged*: not the tumour is stable."""
    piece = items[a:b]
    if any(i.tags & TUMOUR_HERE for i in piece):
        return False
    return any(i.tags & _ELSE or i.word in _ELSE_WORDS for i in piece)


def now_pressed(said: Sentence) -> Iterator[Mention]:
    """*Stable in size, but the cord is now compressed*: what has come to be is no longer stable."""
    if not said.has("NOW") or not said.has("CORD", "CAUDA", "SAC") or said.has("BETTER"):
        return
    for n, item in enumerate(said.items):
        if item.action.startswith(("press v", "press p", "press g")) and said.scope.standing(n):
            near = said.items[max(0, n - 4) : n]
            if any("NOW" in i.tags for i in near) and not any(i.word == "only" for i in near):
                yield said_of(said, n, "status", "progressed")


def _change(word: str) -> Callable[[Sentence, int], Iterator[Mention]]:
    def read(said: Sentence, n: int) -> Iterator[Mention]:
        items, scope = said.items, said.scope
        if scope.denied[n] or (scope.aside[n] and word == "new"):
            return
        if word == "progressed" and items[n].word in ("larger", "worse"):
            return
        after = items[n + 1].word if n + 1 < len(items) else ""
        if "grown" in items[n].word and after in ("through", "into", "beyond", "across"):
            return
        if word in ("progressed", "improved") and after in (
            "signal",
            "uptake",
            "enhancement",
            "attenuation",
            "density",
            "t",
            "stir",
        ):
            return
        a, b = segment_bounds(items, n)
        was = n > 0 and items[n - 1].word in ("was", "were", "been")
        if word in ("stable", "improved") and (
            was or after in ("until", "till") or _of_something_else(items, a, b)
        ):
            return
        if word == "new" and not any(i.tags & (TUMOUR_HERE | {"HEIGHT", "ACT", "LEVEL"}) for i in items[a:b]):
            return
        if word == "new" and any(i.tags & {"DEFORM", "SLIP", "SIGNAL"} for i in items[n : n + 4]):
            return
        if any(i.tags & CAUSE_TAGS for i in items[a:b]) and not any(i.tags & TUMOUR_HERE for i in items[a:b]):
            return
        if any(i.tags & {"SIGNAL", "SIGNALOK"} for i in items[a:b]) and not any(
            i.tags & TUMOUR_HERE for i in items[a:b]
        ):
            return
        levels = levels_of(said, n)
        yield said_of(said, n, "status", word, levels=levels)

    return read


_SIZES = re.compile(
    r"(\d+(?:\.\d+)?)\s*(mm|cm)\b[^.;]{0,25}?\b(?:previously|prior|was|formerly|compared\s+(?:with|to)|from|earlier)\s+(?:measured\s+)?(\d+(?:\.\d+)?)\s*(mm|cm)?"
)


def size_change(said: Sentence) -> Iterator[Mention]:
    """*Measures 7 mm, previously 4 mm*."""
    found = _SIZES.search(said.text) if "mm" in said.text or "cm" in said.text else None
    if found is None or not said.has("TUMOUR", "LESION", "EPI"):
        return
    unit = {"mm": 1.0, "cm": 10.0}
    now, then = float(found[1]) * unit[found[2]], float(found[3]) * unit[found[4] or found[2]]
    word = "progressed" if now > then * 1.1 else "improved" if now < then * 0.9 else "stable"
    n = next((k for k, item in enumerate(said.items) if item.start >= found.start()), 0)
    yield said_of(said, n, "status", word)._replace(standing="")


def _new_by_denial(said: Sentence, n: int) -> Iterator[Mention]:
    """*Not present on the prior study*."""
    if any("BACK" in i.tags for i in said.items[n + 1 : n + 5]) and said.has(
        "TUMOUR", "LESION", "EPI", "ACT"
    ):
        yield said_of(said, n, "status", "new")._replace(standing="")


def _treated(said: Sentence, n: int) -> Iterator[Mention]:
    if said.has("NOTREAT") or said.scope.denied[n] or said.scope.doubted[n] or said.scope.aside[n] == "plan":
        return
    word = said.items[n].word
    if word in (
        "s / p",
        "status post",
        "surgery",
        "resection",
        "fusion",
        "decompression",
        "resected",
    ) and not said.has("LEVEL"):
        return
    yield said_of(said, n, "treated", "yes")._replace(standing="")


COURSE = {
    "SIGNAL": _signal,
    "SIGNALOK": _signal_normal,
    "STABLE": _change("stable"),
    "BETTER": _change("improved"),
    "WORSE": _change("progressed"),
    "NEW": _change("new"),
    "POSTNO": _new_by_denial,
    "TREAT": _treated,
}

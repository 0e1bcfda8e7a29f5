"""Vertebral levels in running text: names, lists and ranges."""

import re
from functools import lru_cache
from typing import NamedTuple

from soar2.criteria import anatomy

#: One level's name. ``T-8``, ``D8`` and ``thoracic 8`` are all T8.
_SPOKEN = {
    word: str(n)
    for n, word in enumerate(
        [
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
        ],
        1,
    )
}
_REGION = r"(?:cervical|thoracic|dorsal|lumbar|sacral|th|[ctdls])"
NAME = rf"(?:occiput|occ?|c0|{_REGION}\s?[-.]?\s?\d{{1,2}}|{_REGION}\s(?:{'|'.join(_SPOKEN)})(?![a-z]))"
_JOIN = r"\s*(?:,\s*and|,\s*&|,|/|\+|&|and|-|to|through|or)\s*"
#: A name, or names and bare numbers joined into a list or range: ``T7-T9``, ``T7, T8 and T10``, ``L4/5``.
SPEC = rf"{NAME}(?:{_JOIN}(?:{NAME}|\d{{1,2}})(?![\w%]))*"

_TOKEN = re.compile(
    rf"(?P<name>{NAME})(?![\w%])|(?P<bare>\d{{1,2}})(?![\w%])|(?P<range>-|\bto\b|\bthrough\b)", re.I
)
_SPEC = re.compile(rf"(?<![\w]){SPEC}(?![\w])", re.I)


class Named(NamedTuple):
    """Levels named by one list or range, and the names in it that no spine has (kept verbatim)."""

    levels: tuple[str, ...]
    impossible: tuple[str, ...]
    start: int
    end: int


def find(text: str) -> list[Named]:
    """Every list or range of levels in ``text``, in order."""
    return [Named(*_resolve(m.group()), m.start(), m.end()) for m in _SPEC.finditer(text)]


def leading(
    text: str, present: frozenset[str] = frozenset(), start: int = 0, end: int | None = None
) -> Named | None:
    """The list or range with which ``text[start:end]`` begins; ``present`` are transitional levels this person has."""
    found = _SPEC.match(text, start, len(text) if end is None else end)
    return Named(*_resolve(found.group(), present), found.start(), found.end()) if found else None


def _in_digits(name: str) -> str:
    """*T eight* as ``T 8``."""
    first, _, last = name.rpartition(" ")
    return f"{first} {_SPOKEN[last.lower()]}" if last.lower() in _SPOKEN else name


@lru_cache(maxsize=1024)
def _resolve(spec: str, present: frozenset[str] = frozenset()) -> tuple[tuple[str, ...], tuple[str, ...]]:
    levels: list[str] = []
    impossible: list[str] = []
    region, ranged = "", False
    for token in _TOKEN.finditer(spec):
        if token["range"]:
            ranged = True
            continue
        name = token["name"] or region + token["bare"]
        level = anatomy.canonical(_in_digits(name))
        if level is None:
            impossible.append(token.group())
        elif ranged and levels:
            levels += anatomy.between(levels[-1], level, present=present)
        else:
            levels.append(level)
        region = level[0] if level and level != "Oc" else region
        ranged = False
    return tuple(dict.fromkeys(levels)), tuple(impossible)

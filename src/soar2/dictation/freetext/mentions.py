"""What one sentence says: mentions of findings with their levels, their cause and their standing.

Places count from the sentence's start; a mention set aside keeps its place and the reason, so that a page can show
what was read and what was not, and why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from soar2.criteria.escc import GradeRange
from soar2.dictation.freetext.items import Item
from soar2.dictation.freetext.lexicon import CAUSES
from soar2.dictation.freetext.scope import Scope

Span = tuple[int, int]


class Mention(NamedTuple):
    """One thing said. ``item`` is a field of the macro, or ``tumour``, ``danger``, ``pressed`` (by another cause).

    ``word``: its closed word. ``reach`` and ``how`` are those of an epidural statement; ``below`` the word for a level
    below the conus, where the same words have one. ``levels`` empty: none named in the sentence. ``cause``: ``tumour``,
    another cause's key, or '' when the words give none. ``standing``: '' or why the words were set aside. ``where``: what
    is struck (CORD, SAC ...); ``strong``: by a word for real compression, neither softened nor mere contact.
    """

    item: str
    word: str
    start: int
    end: int
    levels: tuple[str, ...] = ()
    reach: GradeRange | None = None
    how: str = ""
    below: str = ""
    cause: str = ""
    standing: str = ""
    doubted: bool = False
    other: bool = False
    where: str = ""
    prior: str = ""
    strong: bool = False


@dataclass(slots=True)
class Sentence:
    """A sentence taken apart, before anything is said about levels."""

    text: str
    items: list[Item]
    scope: Scope
    #: All tags of its items.
    tags: frozenset[str]

    def has(self, *tags: str) -> bool:
        return any(tag in self.tags for tag in tags)


TUMOURISH = frozenset(("TUMOUR", "EPI", "MSCC", "GRADELABEL"))
_CAUSES = frozenset(CAUSES)
#: A fracture whose cause is not given: in somebody with cancer it may be tumour's.
_FRACTURES = frozenset(
    (
        "fracture", "compression fracture", "wedge fracture", "compression deformity", "wedge deformity",
        "vertebral compression fracture", "wedge compression fracture", "retropulsion", "retropulsed", "endplate fracture",
        "superior endplate fracture", "retropulsed bone", "retropulsed fragment", "retropulsed bony fragment",
    )
)  # fmt: skip
_WEAK = (
    "fracture",
    "retropuls",
    "burst",
    "compression deformity",
    "wedge",
    "fat",
    "fall",
    "degenerati",
    "congenital",
)


def stop_before(items: Sequence[Item], n: int) -> int:
    while n > 0 and "STOP" not in items[n - 1].tags and items[n - 1].word != ".":
        n -= 1
    return n


def stop_after(items: Sequence[Item], n: int) -> int:
    while n < len(items) and "STOP" not in items[n].tags and items[n].word != ".":
        n += 1
    return n


def segment_bounds(items: Sequence[Item], n: int) -> tuple[int, int]:
    """The piece between commas, *and*, *with* and stops in which item ``n`` stands."""
    cut = {"AND", "STOP", "WITH"}
    lo, hi = n, n + 1
    while lo > 0 and not items[lo - 1].tags & cut:
        lo -= 1
    while hi < len(items) and not items[hi].tags & cut:
        hi += 1
    return lo, hi


def cause_of(said: Sentence, n: int) -> str:
    """Who does it: ``tumour``, the key of another cause, or '' when the sentence gives none.

    After *due to* or *by* the next cause counts, else the nearest one before, else the nearest after. A fracture or
    a bare degenerative word gives way to tumour named in the same clause.
    """
    items, scope = said.items, said.scope
    lo, hi = stop_before(items, n), stop_after(items, n)
    found = [
        (at, _key(items[at]))
        for at in range(lo, hi)
        if items[at].tags & (_CAUSES | TUMOURISH | {"LESION"}) and not scope.denied[at] and at != n
    ]
    found = [(at, key) for at, key in found if key and not (key == "lesion" and scope.aside[at])]
    if not found:
        return ""
    keys = {key for _, key in found}
    if "tumour" in keys and all(key in ("tumour", "lesion") or _is_weak(items[at]) for at, key in found):
        return "tumour"
    given = _given(items, n, hi, found)
    if given:
        return "" if given == "lesion" else given
    before = [pair for pair in found if pair[0] < n]
    at, key = before[-1] if before else found[0]
    if key == "fracture":
        return next((k for _, k in found if k not in ("fracture", "lesion")), key)
    if key == "lesion":
        return _of_lesion(at, found)
    return key


def _of_lesion(at: int, found: Sequence[tuple[int, str]]) -> str:
    """A mass or lesion is what the words after it call it; before it only what is more than a degenerative word counts."""
    firm = [pair for pair in found if pair[1] != "lesion"]
    after = next((key for place, key in firm if place > at), "")
    ahead = [key for place, key in firm if place < at and key not in ("harmless", "fracture")]
    return ahead[-1] if ahead else after


def _key(item: Item) -> str:
    if item.tags & _CAUSES and "TUMOUR" not in item.tags:
        if item.word in _FRACTURES:
            return "fracture"
        return next(key for key in CAUSES if key in item.tags)
    if item.tags & TUMOURISH:
        return "tumour" if "EPI" not in item.tags or names_tumour(item.word) else "lesion"
    return "lesion" if item.word not in ("disease", "signal abnormality") else ""


_TUMOUR_STEMS = (
    "tumour",
    "metasta",
    "malignan",
    "neoplas",
    "lymphoma",
    "myeloma",
    "carcinom",
    "plasmacytoma",
    "deposit",
)


def names_tumour(words: str) -> bool:
    """Whether an epidural phrase itself names tumour: *epidural metastasis*, not *epidural extension*."""
    return any(stem in words for stem in _TUMOUR_STEMS)


def _is_weak(item: Item) -> bool:
    return "harmless" in item.tags and any(stem in item.word for stem in _WEAK)


_BY = frozenset(("by", "to", "from", "due", "secondary", "because", "of"))


def _given(items: Sequence[Item], n: int, hi: int, found: Sequence[tuple[int, str]]) -> str:
    """The cause after *due to*, *by*, *from* or *secondary to* behind the effect."""
    for at in range(n + 1, hi):
        if items[at].word in ("by", "from", "secondary", "due", "because"):
            return next((key for place, key in found if place > at), "")
        if items[at].tags & {"AND", "WITH"} and at > n + 6:
            break
    return ""


_BETWEEN = frozenset(
    """at of in from involving the level levels both to centered centred on throughout worst most marked pronounced
    maximal lowest highest these within affecting a and body vertebral best primarily predominantly mainly
    opposite behind posterior along""".split()  # noqa: SIM905
)


def levels_of(said: Sentence, n: int) -> tuple[str, ...]:
    """The levels that item ``n`` is about: those just after it, else the nearest before in its clause, else the
    nearest after; else those of the sentence's other clauses before it. Empty when none is named."""
    items = said.items
    after = _right_after(items, n)
    if after is not None:
        return items[after].levels
    lo, hi = stop_before(items, n), stop_after(items, n)
    before = [at for at in range(lo, n) if _places(items, at)]
    if before:
        return _grouped(items, before)
    behind = [at for at in range(n + 1, hi) if _places(items, at)]
    if behind:
        return items[behind[0]].levels
    earlier = [at for at in range(lo) if _places(items, at)]
    if earlier:
        return items[earlier[-1]].levels
    return ()


def _places(items: Sequence[Item], at: int) -> bool:
    item = items[at]
    if "LEVEL" not in item.tags or item.role:
        return False
    return not item.disc or not any("LEVEL" in i.tags and not i.disc and not i.role for i in items)


def _right_after(items: Sequence[Item], n: int) -> int | None:
    for at in range(n + 1, min(n + 7, len(items))):
        item = items[at]
        if "LEVEL" in item.tags:
            return at if _places(items, at) else None
        if item.tags & {
            "CORD",
            "SAC",
            "CAUDA",
            "CANAL",
            "CSF",
            "CSFPART",
            "MILD",
            "SEVERE",
            "MODERATE",
            "BONE",
            "SIDE",
            "BOTH",
        }:
            continue
        if item.word == "," and items[at - 1].word == "these":
            continue
        if item.word not in _BETWEEN or "STOP" in item.tags:
            return None
    return None


def _grouped(items: Sequence[Item], before: Sequence[int]) -> tuple[str, ...]:
    """The last level before; of a list the last or first one where the words say *the latter* or *the former*."""
    levels = items[before[-1]].levels
    after = items[before[-1] + 1 :]
    if any("LATTER" in item.tags for item in after[:6]):
        return levels[-1:]
    return levels[:1] if any("FORMER" in item.tags for item in after[:6]) else levels


def other_levels(said: Sentence, n: int) -> bool:
    """Whether the words speak of levels other than those named: *elsewhere*, *other*, *new*."""
    lo, hi = stop_before(said.items, n), stop_after(said.items, n)
    return any("ELSE" in item.tags for item in said.items[lo:hi]) or said.scope.denied[n] == "new"

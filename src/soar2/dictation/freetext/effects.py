"""What tumour does to cord, sac, fluid and canal: the verb, what it strikes, and how much."""

import re
from collections.abc import Iterator

from soar2.criteria import escc
from soar2.criteria.escc import GradeRange
from soar2.dictation.freetext.items import Item
from soar2.dictation.freetext.mentions import Mention, Sentence, cause_of
from soar2.dictation.freetext.signs import built, sign

_STRUCTURE = frozenset(("CORD", "SAC", "CSF", "CSFPART", "CANAL", "CAUDA", "ROOT", "VESSEL"))

_SKIP = frozenset(
    (
        "MILD",
        "MODERATE",
        "SEVERE",
        "PARTIAL",
        "BONE",
        "SIDE",
        "BOTH",
        "AND",
        "OR",
        "LEVEL",
        "NEW",
        "LOWGRADE",
        "NOW",
    )
)

_PREP = frozenset(("of", "on", "upon", "to", "against", "along", "into", "about", "over"))

_NEUTRAL = frozenset(
    """the a an adjacent ventral dorsal anterior posterior lateral underlying left right this that itself slightly
    anterolateral upper lower mid thoracic cervical lumbar sacral spinal surface of on upon to against along aspect margin
    side half portion part surfaces surrounding in part both adjacent exiting now also focally thus
    approximately about ~ than half more less most % > < further overlying normal into about over entire whole
    circumferentially - directly""".split()  # noqa: SIM905
)


def effects(said: Sentence) -> Iterator[Mention]:
    items = said.items
    for n, item in enumerate(items):
        if not item.action:
            continue
        group, form = item.action.split()
        struck = _structures(items, n, form)
        seen: set[str] = set()
        for at in struck:
            kind = next(tag for tag in _STRUCTURE if tag in items[at].tags)
            if kind in seen:
                continue
            seen.add(kind)
            yield from _effect(said, n, at, group, kind)
        if not struck and form == "p" and n > 1 and items[n - 2].word == "it" and items[n - 1].word == "is":
            yield sign(said, n, n, n, Reach("1b", "3"), None)  # the sac or the cord, whichever was spoken of
        elif not struck and group in ("press", "efface"):
            yield from _bare(said, n)
        elif not struck and group == "touch":
            yield from _it(said, n)


def _structures(items: list[Item], n: int, form: str) -> list[int]:
    """The items that the action strikes: its object, what it is named with, or the subject of a passive."""
    if form == "n":
        if n + 1 < len(items) and items[n + 1].word in _PREP:
            ahead = _ahead(items, n)
            if ahead:
                return ahead
        return _adjacent(items, n)
    if form in ("v", "g"):
        ahead = _ahead(items, n)
        if ahead:
            return ahead
        return _adjacent(items, n) if form == "g" or items[n].word in ("contact", "stenosis") else []
    if n + 1 < len(items) and items[n + 1].tags & _STRUCTURE:
        return [n + 1]
    if n + 2 < len(items) and items[n + 1].word == "the" and items[n + 2].tags & _STRUCTURE:
        return [n + 2]
    return _subject(items, n)


def _ahead(items: list[Item], n: int) -> list[int]:
    found: list[int] = []
    last = min(n + 12, len(items))
    at = n + 1
    while at < last:
        item = items[at]
        if item.tags & _STRUCTURE:
            found.append(at)
        elif "ACT" in item.tags:
            # "abuts and compresses the cord": both verbs strike the cord
            joined = not found and any(items[k].tags & {"AND", "OR"} for k in range(n + 1, at))
            if joined and item.action[-1] in "vg":
                return _ahead(items, at)
            if found and items[at].action.endswith(" n") and found[-1] == at - 1:
                found.pop()  # "compresses the cord and sac effacement": the last one has its own noun
            break
        elif found and "LEVEL" in item.tags:
            break
        elif not found and item.word in ("but", "yet", "without"):
            # "contacts but does not deform the cord"
            later = next((k for k in range(at + 1, min(at + 6, last)) if items[k].action), None)
            return _ahead(items, later) if later is not None and items[later].action[-1] in "vg" else []
        elif found and "AND" in item.tags and at + 1 < last and not _goes_on(items, at + 1, last):
            break
        elif item.word == "with" and at == n + 1 and items[n].action.startswith("touch"):
            pass
        elif not item.tags & _SKIP and item.word not in _NEUTRAL and not item.word.isdigit():
            break
        at += 1
    return found


def _goes_on(items: list[Item], at: int, last: int) -> bool:
    while at < last:
        if items[at].tags & _STRUCTURE:
            after = items[at + 1] if at + 1 < len(items) else None
            return after is None or not (
                after.tags & {"NOT", "NO", "VERB", "POSTNO", "ACT"} or after.word in ("remains", "appears")
            )
        if (
            not items[at].tags & {"MILD", "MODERATE", "SEVERE", "PARTIAL", "BONE", "SIDE", "OR"}
            and items[at].word not in _NEUTRAL
        ):
            return False
        at += 1
    return False


def _adjacent(items: list[Item], n: int) -> list[int]:
    """*Cord and thecal sac compression*."""
    found: list[int] = []
    at = n - 1
    while at >= 0:
        item = items[at]
        if item.tags & _STRUCTURE:
            found.append(at)
        elif (
            not (found and item.tags & {"AND", "OR"})
            and not (
                not found
                and (
                    item.tags & {"MILD", "MODERATE", "SEVERE", "PARTIAL"}
                    or item.word in ("epidural", "or", "-", "surface", ":")
                )
            )
            and not (found and item.word == "the")
        ):
            break
        at -= 1
    return found


def _subject(items: list[Item], n: int) -> list[int]:
    """The subject of *is compressed*, over other passives joined to it."""
    at = n - 1
    while at >= 0 and n - at < 14:
        item = items[at]
        if item.tags & _STRUCTURE:
            found = [at]
            while at >= 2 and items[at - 1].tags & {"AND"} | (
                {"AND"} if items[at - 1].word == "the" else set()
            ):
                before = at - 1 if items[at - 1].word != "the" else at - 2
                if (
                    before >= 1
                    and items[before].word in ("and", "&", "/")
                    and items[before - 1].tags & _STRUCTURE
                ):
                    found.append(before - 1)
                    at = before - 1
                else:
                    break
            return found
        if "STOP" in item.tags or item.word == "." or item.action.endswith((" v", " g", " n")):
            return []
        at -= 1
    return []


Reach = GradeRange

#: (what is done, to what) -> range when said, range when denied.
_SIGNS: dict[tuple[str, str], tuple[GradeRange, GradeRange | None]] = {
    **{(g, "CORD"): (escc.CORD_COMPRESSED, escc.NO_CORD_COMPRESSION) for g in ("press", "narrow", "efface")},
    ("touch", "CORD"): (Reach("1c", "3"), Reach("0", "1b")),
    ("encase", "CORD"): (Reach("1c", "3"), None),
    **{(g, "SAC"): (Reach("1b", "3"), Reach("0", "1a")) for g in ("press", "narrow", "efface", "encase")},
    ("touch", "SAC"): (escc.EPIDURAL_TUMOUR, Reach("0", "1a")),
    **{(g, "CSF"): (escc.exactly("3"), Reach("0", "2")) for g in ("press", "efface", "narrow")},
    **{(g, "CSFPART"): (Reach("1b", "3"), Reach("0", "2")) for g in ("press", "efface", "narrow")},
    ("efface", "CANAL"): (escc.CORD_COMPRESSED, escc.NO_CORD_COMPRESSION),
    **{(g, "CANAL"): (escc.EPIDURAL_TUMOUR, escc.NO_CORD_COMPRESSION) for g in ("press", "narrow")},
    **{(g, "CAUDA"): (escc.CORD_COMPRESSED, escc.NO_CORD_COMPRESSION) for g in ("press", "narrow", "efface")},
    ("fill", "CANAL"): (Reach("1b", "3"), escc.NO_CORD_COMPRESSION),
    ("touch", "CAUDA"): (Reach("1b", "3"), None),
    ("encase", "CAUDA"): (Reach("1b", "3"), None),
}  # fmt: skip

_STRONG = ("compress", "squash", "squeez", "obliterat", "crush")

_NEARLY = ("near", "almost", "virtual", "subtotal")

_COMPLETE = ("complet", "total", "full", "entire", "whol", "circumferential", "near", "virtual", "almost")


def _effect(said: Sentence, n: int, at: int, group: str, kind: str) -> Iterator[Mention]:
    if group == "encase" and any(
        i.tags & {"CSF", "CSFPART"} or i.word == "fluid" for i in said.items[n + 1 : n + 4]
    ):
        yield built(
            said, n, min(n, at), max(n, at), Reach("0", "1b"), "excludes", cause=cause_of(said, n), word="no"
        )
        return  # "the cord is surrounded by fluid"
    signs = _SIGNS.get((group, kind))
    if signs is None or said.scope.denied[n] == "severe":
        return
    said_range, denied_range = signs
    degree, word = _degree(said, min(n, at), max(n, at))
    if said.items[n].word.startswith(("obliterat", "occlud", "occlus")) and not degree:
        degree, word = "severe", "complete"
    below = ""
    if kind in ("SAC", "CANAL", "CAUDA", "CSF", "CSFPART") and group != "touch":
        below = degree
    if kind == "CSF" and degree in ("mild", "moderate", "partial"):
        said_range = Reach("1b", "2")
    if kind == "CSF" and not degree:
        below, said_range = (
            "severe",
            Reach("1b", "3"),
        )  # grade 3 where nothing else at the level speaks against it
    if kind == "CSF" and word.startswith(_NEARLY):
        said_range = Reach("1b", "2")  # a rest of fluid is left
    if (
        kind in ("SAC", "CANAL")
        and group in ("efface", "fill")
        and degree == "severe"
        and word.startswith(_COMPLETE)
    ):
        said_range = escc.CORD_COMPRESSED
    if kind == "CANAL" and degree == "severe" and said_range.lo == "1a":
        said_range = Reach("1b", "3")
    strong = said.items[n].word.startswith(_STRONG) and degree not in ("mild", "moderate", "partial")
    mention = sign(said, n, min(n, at), max(n, at), said_range, denied_range, below=below, where=kind)
    yield mention._replace(strong=strong or degree == "severe")


_SHARE = re.compile(
    r"(?:(<|less than|under|>|more than|greater than|over|approximately|about|~)\s*)?(\d{1,3})\s*(?:%|percent)"
)

_HALF = re.compile(
    r"(less than|under|<|more than|over|greater than|>)\s*(?:half|50\s*%|one half|fifty percent)"
)


def _degree(said: Sentence, lo: int, hi: int) -> tuple[str, str]:
    """How much: mild, moderate, severe or partial, from the words beside the action; and the word itself."""
    items = said.items
    first = lo
    while (
        first > 0
        and lo - first < 3
        and not items[first - 1].tags & {"AND", "STOP", "WITH", "ACT", "VERB", "LEVEL", "NO"}
    ):
        first -= 1
    near = [*items[first : hi + 1], *items[hi + 1 : hi + 2]]
    for tag, degree in (
        ("SEVERE", "severe"),
        ("MODERATE", "moderate"),
        ("MILD", "mild"),
        ("PARTIAL", "partial"),
    ):
        for item in near:
            if tag in item.tags:
                return degree, item.word
    end = min(items[hi].end + 45, len(said.text))
    half = _HALF.search(said.text, items[first].start, end)
    if half:
        return ("mild", "") if half[1] in ("less than", "under", "<") else ("moderate", "")
    share = _SHARE.search(said.text, items[first].start, end)
    if share:
        amount = int(share[2])
        if share[1] in ("<", "less than", "under"):
            return ("mild", "") if amount <= 50 else ("", "")
        return ("severe", "") if amount >= 100 else ("moderate", "") if amount >= 50 else ("mild", "")
    return "", ""


def _bare(said: Sentence, n: int) -> Iterator[Mention]:
    """Compression or mass effect of nothing in particular, beside tumour in the canal: the sac at least."""
    item = said.items[n]
    if item.word not in ("compression", "mass effect"):
        yield from _it(said, n)
        return
    if said.has("CORD", "SAC") and said.scope.denied[n]:
        yield from _it(said, n)
        return
    if said.scope.denied[n] and said.scope.denied[n] != "severe":
        if not said.has("ROOT"):
            yield sign(said, n, n, n, Reach("1b", "3"), escc.NO_CORD_COMPRESSION)
        return
    before = said.items[n - 1] if n else None
    if before is not None and (
        before.tags & {"EPI"} or before.word == "epidural" or "epidural" in before.word
    ):
        high = n > 1 and said.items[n - 2].word.startswith("high")
        yield sign(
            said, n, n - 1, n, escc.CORD_COMPRESSED if high else Reach("1b", "3"), escc.NO_CORD_COMPRESSION
        )
    elif said.has("EPI", "INTO") and not said.has("ROOT"):
        yield sign(said, n, n, n, Reach("1b", "3"), escc.NO_CORD_COMPRESSION)


_ITS = frozenset(
    (
        "it",
        "this",
        "them",
        "either",
        "deformity",
        "deforming",
        "compressing",
        "deformation",
        "compression",
        "displacing",
        "compress",
        "deform",
    )
)


def _it(said: Sentence, n: int) -> Iterator[Mention]:
    """*Touches the cord without compressing it*: what is denied of the structure named just before."""
    items = said.items
    denied = said.scope.denied[n] in ("no", "without", "not")
    if not items[n].action or not (denied or (n + 1 < len(items) and items[n + 1].word == "it")):
        return
    for at in range(n - 1, -1, -1):
        if items[at].tags & {"CORD", "SAC", "CAUDA"}:
            kind = next(tag for tag in ("CORD", "SAC", "CAUDA") if tag in items[at].tags)
            yield from _effect(said, n, n, items[n].action.split()[0], kind)
            return
        if items[at].word == ".":
            return


def not_this(said: Sentence, n: int) -> Iterator[Mention]:
    """*Compresses the thecal sac but not the cord*."""
    items = said.items
    at = n + 2 if n + 2 < len(items) and items[n + 1].word == "the" else n + 1
    if at >= len(items) or "CORD" not in items[at].tags or (at + 1 < len(items) and items[at + 1].action):
        return
    act = next((items[k] for k in range(n - 1, max(-1, n - 8), -1) if items[k].action), None)
    if act is not None:
        reach = Reach("0", "1b") if act.action.startswith("touch") else escc.NO_CORD_COMPRESSION
        yield built(said, at, n, at, reach, "excludes", cause=cause_of(said, n), word="no")

"""Epidural disease in prose: tumour in the canal, what it does to sac, cord and fluid, and grades in any spoken form.

Each sign is a range of grades (Bilsky's table, read sign by sign); ranges that agree are narrowed later to what all
allow, so *indents the sac* with *fluid preserved around the cord* becomes 1b and neither alone does.
"""

import re
from collections.abc import Iterator

from soar2.criteria import escc
from soar2.criteria.escc import GradeRange
from soar2.dictation.epidural import read_epidural
from soar2.dictation.freetext.items import Item
from soar2.dictation.freetext.mentions import (
    Mention,
    Sentence,
    cause_of,
    levels_of,
    other_levels,
    stop_before,
)
from soar2.dictation.speech import spoken_grade

_R = GradeRange
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
    """the a an adjacent ventral dorsal anterior posterior lateral underlying left right this that itself slightly anterolateral
    upper lower mid thoracic cervical spinal surface of on upon to against along aspect margin side half portion part surfaces surrounding in part both
    adjacent exiting now also focally thus approximately about ~ than half more less most % > < further overlying normal into about over entire whole circumferentially - directly""".split()  # noqa: SIM905
)


_SPOKEN = frozenset(
    """EPI INTO MSCC CORDCOMP GRADELABEL EPISPACE RESIDUAL CSFKEPT CORDCLEAR CORDOK PATENT BONEONLY NOCSF NOTPRESS BELOW""".split()  # noqa: SIM905
)


def epidural_mentions(said: Sentence) -> Iterator[Mention]:
    if said.has("GRADELABEL") or any(stem in said.text for stem in ("grade", "bil", "ess", "epidural 1")):
        yield from _graded(said)
        yield from _bracketed(said)
    if said.has("ACT"):
        yield from _effects(said)
        if said.has("NOT") and said.has("CORD"):
            for n, item in enumerate(said.items):
                if "NOT" in item.tags:
                    yield from _not_this(said, n)
    if said.tags.isdisjoint(_SPOKEN):
        return
    for n, item in enumerate(said.items):
        tags = item.tags
        if not tags:
            continue
        if "EPI" in tags:
            yield from _disease(said, n)
        elif "INTO" in tags and _into(said, n):
            yield from _disease(said, n)
        elif "MSCC" in tags:
            yield _mention(said, n, n, n, escc.CORD_COMPRESSED, escc.NO_CORD_COMPRESSION, cause="tumour")
        elif "CORDCOMP" in tags:
            yield _mention(said, n, n, n, escc.CORD_COMPRESSED, escc.NO_CORD_COMPRESSION, where="CORD")
        elif "GRADELABEL" in tags and _high(said, n):
            yield _mention(said, n, n, n, escc.CORD_COMPRESSED, None, cause="tumour")
        elif "EPISPACE" in tags:
            yield from _space(said, n)
        elif "RESIDUAL" in tags and said.scope.denied[n] in ("no", "without"):
            yield _built(
                said,
                n,
                n,
                n,
                escc.exactly("3"),
                "described",
                cause=cause_of(said, n) or "tumour",
                below="severe",
                word="yes",
            )
        elif "RESIDUAL" in tags:
            yield _limit(said, n, _R("0", "2"))
        elif "CSFKEPT" in tags:
            yield _limit(said, n, _R("0", "1b"))
        elif "CORDCLEAR" in tags:
            yield _built(said, n, n, n, _R("0", "1b"), "excludes", cause=cause_of(said, n), word="no")
        elif "CORDOK" in tags and "cord" in said.text:
            yield _built(
                said, n, n, n, escc.NO_CORD_COMPRESSION, "excludes", cause=cause_of(said, n), word="no"
            )
        elif "NOTPRESS" in tags:
            yield _built(said, n, n, n, escc.NO_CORD_COMPRESSION, "excludes", cause=cause_of(said, n), word="no")
        elif "BELOW" in tags:
            yield from _below(said, n)
        elif "PATENT" in tags:
            yield _limit(said, n, _R("0", "1a"))
        elif "BONEONLY" in tags and not said.scope.denied[n]:
            yield _built(said, n, n, n, escc.NO_EPIDURAL_DISEASE, "described", word="0")
        elif "NOCSF" in tags:
            yield _mention(said, n, n, n, escc.exactly("3"), None, below="severe")


# -------------------------------------------------------------------------------- disease in the canal


def _disease(said: Sentence, n: int) -> Iterator[Mention]:
    """Epidural disease said or denied. The bare word *epidural* needs a word for tissue beside it."""
    items = said.items
    item = items[n]
    if item.word.split()[-1] == "epidural" and not _tissue(said, n):
        return
    if any("GRADELABEL" in i.tags for i in items[n + 1 : n + 2]):
        return
    before = items[n - 1].tags if n else frozenset()
    if "SEVERE" in before and items[n - 1].word.startswith("high"):
        yield _mention(said, n, n - 1, n, escc.CORD_COMPRESSED, None)
        return
    if "LOWGRADE" in before:
        yield _mention(said, n, n - 1, n, _R("1a", "1c"), escc.NO_EPIDURAL_DISEASE)
        return
    yield _mention(said, n, n, n, escc.EPIDURAL_TUMOUR, escc.NO_EPIDURAL_DISEASE)


_TISSUE = frozenset(("TUMOUR", "LESION", "EPI", "MSCC"))
_TISSUE_WORDS = frozenset(
    "disease extension component involve tissue spread soft mass encroachment infiltrate enhancement".split()
)  # noqa: SIM905


def _tissue(said: Sentence, n: int) -> bool:
    near = said.items[n + 1 : n + 5]
    if len(near) > 1 and near[0].word in (":", "-", "=") and near[1].tags & {"NIL", "NO"}:
        return True
    for item in near:
        if item.tags & _TISSUE or item.word in _TISSUE_WORDS:
            return True
        if item.tags & {"ACT", "STOP", "CORD", "SAC", "VERB"} or item.word in (".", "fat"):
            return "ACT" in item.tags and item.action == "press n"
    return False


_DEGREES = {"SEVERE": "severe", "MODERATE": "moderate", "MILD": "mild"}


def _below(said: Sentence, n: int) -> Iterator[Mention]:
    """*Below conus moderate*: the macro's own words in prose."""
    for item in said.items[n + 1 : n + 4]:
        degree = next((word for tag, word in _DEGREES.items() if tag in item.tags), "")
        if degree:
            reach = escc.below_conus_range(degree)
            yield _built(said, n, n, n, reach, "described", cause=cause_of(said, n), below=degree, word="yes")
            return


def _not_this(said: Sentence, n: int) -> Iterator[Mention]:
    """*Compresses the thecal sac but not the cord*."""
    items = said.items
    at = n + 2 if n + 2 < len(items) and items[n + 1].word == "the" else n + 1
    if at >= len(items) or "CORD" not in items[at].tags or (at + 1 < len(items) and items[at + 1].action):
        return
    act = next((items[k] for k in range(n - 1, max(-1, n - 8), -1) if items[k].action), None)
    if act is not None:
        reach = _R("0", "1b") if act.action.startswith("touch") else escc.NO_CORD_COMPRESSION
        yield _built(said, at, n, at, reach, "excludes", cause=cause_of(said, n), word="no")


def _high(said: Sentence, n: int) -> bool:
    """*High-grade ESCC*, *Bilsky high grade*."""
    near = [*said.items[max(0, n - 1) : n], *said.items[n + 1 : n + 3]]
    return any(item.word in ("high grade", "high - grade") for item in near)


def _into(said: Sentence, n: int) -> bool:
    """*Into the canal* is tumour's when tumour or a lesion extends there, not when a disc or bone does."""
    lo = stop_before(said.items, n)
    return cause_of(said, n) in ("tumour", "") and any(
        i.tags & {"TUMOUR", "LESION", "EPI", "LEVEL"}
        or i.word in ("extend", "extension", "invade", "it", "which", "component")
        for i in said.items[lo:n]
    )


def _space(said: Sentence, n: int) -> Iterator[Mention]:
    """*The epidural space is clear* denies disease; fat and injections say nothing."""
    if not said.items[n].word.endswith("space"):
        return
    near = " ".join(item.word for item in said.items[n + 1 : n + 4])
    if re.match(
        r"(?:is |are |: |appears |remains )?(?:clear|normal|unremarkable|free|uninvolved|preserved|spared|not involved|intact)\b",
        near,
    ):
        yield _built(said, n, n, n, escc.NO_EPIDURAL_DISEASE, "described", word="0")


# ---------------------------------------------------------------------------------- effects on the canal


def _effects(said: Sentence) -> Iterator[Mention]:
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
        if not struck and group in ("press", "efface"):
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


#: (what is done, to what) -> range when said, range when denied.
_SIGNS: dict[tuple[str, str], tuple[GradeRange, GradeRange | None]] = {
    **{(g, "CORD"): (escc.CORD_COMPRESSED, escc.NO_CORD_COMPRESSION) for g in ("press", "narrow", "efface")},
    ("touch", "CORD"): (_R("1c", "3"), _R("0", "1b")),
    ("encase", "CORD"): (_R("1c", "3"), None),
    **{(g, "SAC"): (_R("1b", "3"), _R("0", "1a")) for g in ("press", "narrow", "efface", "encase")},
    ("touch", "SAC"): (escc.EPIDURAL_TUMOUR, _R("0", "1a")),
    **{(g, "CSF"): (escc.exactly("3"), _R("0", "2")) for g in ("press", "efface", "narrow")},
    **{(g, "CSFPART"): (_R("1b", "3"), _R("0", "2")) for g in ("press", "efface", "narrow")},
    ("efface", "CANAL"): (escc.CORD_COMPRESSED, escc.NO_CORD_COMPRESSION),
    **{(g, "CANAL"): (escc.EPIDURAL_TUMOUR, escc.NO_CORD_COMPRESSION) for g in ("press", "narrow")},
    **{(g, "CAUDA"): (escc.CORD_COMPRESSED, escc.NO_CORD_COMPRESSION) for g in ("press", "narrow", "efface")},
    ("fill", "CANAL"): (_R("1b", "3"), escc.NO_CORD_COMPRESSION),
    ("touch", "CAUDA"): (_R("1b", "3"), None),
    ("encase", "CAUDA"): (_R("1b", "3"), None),
}  # fmt: skip
_STRONG = ("compress", "squash", "squeez", "obliterat", "crush")
_NEARLY = ("near", "almost", "virtual", "subtotal")
_COMPLETE = ("complet", "total", "full", "entire", "whol", "circumferential", "near", "virtual", "almost")


def _effect(said: Sentence, n: int, at: int, group: str, kind: str) -> Iterator[Mention]:
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
        said_range = _R("1b", "2")
    if kind == "CSF" and not degree:
        below = "severe"
    if kind == "CSF" and word.startswith(_NEARLY):
        said_range = _R("1b", "2")  # a rest of fluid is left
    if (
        kind in ("SAC", "CANAL")
        and group in ("efface", "fill")
        and degree == "severe"
        and word.startswith(_COMPLETE)
    ):
        said_range = escc.CORD_COMPRESSED
    if kind == "CANAL" and degree == "severe" and said_range.lo == "1a":
        said_range = _R("1b", "3")
    strong = said.items[n].word.startswith(_STRONG) and degree not in ("mild", "moderate", "partial")
    mention = _mention(said, n, min(n, at), max(n, at), said_range, denied_range, below=below, where=kind)
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
            yield _mention(said, n, n, n, _R("1b", "3"), escc.NO_CORD_COMPRESSION)
        return
    before = said.items[n - 1] if n else None
    if before is not None and (
        before.tags & {"EPI"} or before.word == "epidural" or "epidural" in before.word
    ):
        high = n > 1 and said.items[n - 2].word.startswith("high")
        yield _mention(
            said, n, n - 1, n, escc.CORD_COMPRESSED if high else _R("1b", "3"), escc.NO_CORD_COMPRESSION
        )
    elif said.has("EPI", "INTO") and not said.has("ROOT"):
        yield _mention(said, n, n, n, _R("1b", "3"), escc.NO_CORD_COMPRESSION)


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
    if not items[n].action or said.scope.denied[n] not in ("no", "without", "not"):
        if not (items[n].action and n + 1 < len(items) and items[n + 1].word == "it"):
            return
    for at in range(n - 1, -1, -1):
        if items[at].tags & {"CORD", "SAC", "CAUDA"}:
            kind = next(tag for tag in ("CORD", "SAC", "CAUDA") if tag in items[at].tags)
            yield from _effect(said, n, n, items[n].action.split()[0], kind)
            return
        if items[at].word == ".":
            return


# ------------------------------------------------------------------------------------- the mention itself


def _mention(
    said: Sentence,
    n: int,
    first: int,
    last: int,
    affirmed: GradeRange,
    denied: GradeRange | None,
    *,
    below: str = "",
    cause: str = "",
    where: str = "",
) -> Mention:
    """A sign said, doubted or denied at item ``n``; its words run from item ``first`` to item ``last``."""
    scope = said.scope
    kind = scope.denied[n]
    given = cause or cause_of(said, n)
    if not given and ("EPI" in said.items[n].tags or said.has("EPI")):
        given = "tumour"
    if kind == "severe":
        return _built(said, n, first, last, None, "", cause=given, standing="denied")
    if kind:
        nothing = denied is not None and denied.hi == "0"
        how = "described" if nothing else "excludes"
        return _built(
            said, n, first, last, denied, how if denied else "", cause=given, word="no", where=where
        )
    if scope.doubted[n]:
        top = "3"
        return _built(said, n, first, last, _R("0", top), "hedge", cause=given, where=where, word=affirmed.lo)
    return _built(
        said, n, first, last, affirmed, "described", cause=given, below=below, where=where, word="yes"
    )


def _limit(said: Sentence, n: int, reach: GradeRange) -> Mention:
    if said.scope.denied[n]:
        return _built(said, n, n, n, None, "", standing="denied")
    return _built(said, n, n, n, reach, "excludes", cause=cause_of(said, n), word="no")


def _built(
    said: Sentence,
    n: int,
    first: int,
    last: int,
    reach: GradeRange | None,
    how: str,
    *,
    below: str = "",
    cause: str = "",
    standing: str = "",
    word: str = "",
    where: str = "",
) -> Mention:
    items = said.items
    return Mention(
        "escc",
        word,
        items[first].start,
        items[last].end,
        levels_of(said, max(n, last)),
        reach,
        how,
        below if how == "described" else "",
        cause,
        standing or said.scope.aside[n],
        how == "hedge",
        other_levels(said, n),
        where,
    )


# ------------------------------------------------------------------------------------------------ grades

_G = r"(?:[0-3]|zero|one|won|two|three|i{1,3}\b|iii)(?:\s?-?\s?(?:[abc]|see|sea|cee|bee|be|ay)(?![a-z]))?(?![\w%])(?!\.\d)(?!\s*(?:mm|cm)\b)"
_CHAIN = rf"(?:(?:>=|<=|>|<|at least|at most|up to|greater than|less than)\s*)?{_G}(?:\s*(?:-|–|to|or|/|through|and possibly|(?<=between 0 )and|(?<=between 1a )and|(?<=between 1b )and|(?<=between 1c )and|(?<=between 2 )and|and(?=\s+[0-3][abc]?\s*(?:[.,;)]|$)))\s*{_G})?"
_GRADED = re.compile(
    rf"\b(?:b[ie]l+\s?sk(?:i|y|ey|ee)(?:'s)?|bilksy|escc|esscc?|epidural(?=\s+1[abc]\b)|epidural(?:\s+spinal)?(?:\s+cord)?(?:\s+compression|\s+disease)?\s*\(?(?:escc)?\)?\s+(?:scale|grade|score)|cord\s+compression\s+(?:scale|grade|score))"
    rf"(?:\s*\(?(?:escc|bilsky)\)?)?(?:\s*(?:epidural|spinal|cord|compression|scale|score|grade|graded|is|of|as|now|currently|:|=|,|-|was|remains|equals|category|type|class|stage|corrected\s+to|revised\s+to|changed\s+to|amended\s+to|should\s+(?:be|read)|between|at\s+(?:level\s+)?[ctdls]-?\s?\d{{1,2}}|level))*"
    rf"\s*(?P<from>(?:has\s+)?(?:increased|progressed|worsened|upgraded|changed|up|improved|decreased)?\s*from\s+{_G}\s+to\s+|{_G}\s*(?:->|→|=>|>)\s*)?\s*(?P<g>{_CHAIN})"
)
_LEADING = re.compile(
    rf"\bgrade\s+(?P<g>{_CHAIN})\s+(?:\(?(?:bilsky|escc)|(?:metastatic\s+|malignant\s+)?(?:epidural|spinal\s+cord\s+compression|cord\s+compression|escc)|(?:on|by|per|according\s+to|using)\s+(?:the\s+)?(?:bilsky|escc))"
)
_ALSO = re.compile(rf"\s*(?:at\s+\S+\s*)?(?:,|and|,\s*and|;)\s*(?:grade\s+)?(?P<g>{_G})(?=\s+at\s+)")
_WAS = re.compile(
    rf"\s*[,(]?\s*\(?\s*(?:previously|prior|was|formerly|up\s+from|down\s+from|increased\s+from|vs\.?\s+prior|compared\s+(?:to|with))\s*:?\s*(?:escc|bilsky|grade|\s)*\s*(?P<g>{_G})"
)


_ONE = re.compile(_G)
_RESPECTIVELY = re.compile(rf"(?P<all>{_G}(?:\s*(?:,|and|,\s*and|/)\s*{_G})+)\s*,?\s*respectively")


def _graded(said: Sentence) -> Iterator[Mention]:
    text = said.text
    at = 0
    while True:
        found = _GRADED.search(text, at) or _LEADING.search(text, at)
        if found is None:
            return
        at = found.end("g")
        each = _RESPECTIVELY.match(text, found.start("g"))
        named = [item for item in said.items if "LEVEL" in item.tags and item.end <= found.start()]
        if each and named and len(named[-1].levels) == len(_ONE.findall(each["all"])):
            for level, one in zip(named[-1].levels, _ONE.finditer(each["all"]), strict=True):
                start = each.start("all") + one.start()
                for mention in _grade(said, start, start, each.start("all") + one.end(), ""):
                    yield mention._replace(levels=(level,))
            at = each.end()
            continue
        was = _WAS.match(text, at)
        yield from _grade(
            said,
            found.start(),
            found.start("g"),
            found.end("g"),
            was["g"] if was else found.groupdict().get("from") or "",
        )
        if was:
            at = was.end()
        also = _ALSO.match(text, at)
        while also:
            yield from _grade(said, also.start("g"), also.start("g"), also.end("g"), "")
            at = also.end()
            also = _ALSO.match(text, at)


_IN_BRACKETS = re.compile(rf"(?:[ctdls]-?\s?\d{{1,2}})\s*\(\s*(?:grade\s+)?(?P<g>{_G})\s*\)")


def _bracketed(said: Sentence) -> Iterator[Mention]:
    """*T3 (1a), T6 (1c), Bilsky grades in brackets*."""
    if "(" in said.text and said.has("GRADELABEL"):
        for found in _IN_BRACKETS.finditer(said.text):
            yield from _grade(said, found.start("g"), found.start("g"), found.end("g"), "")


def _grade(said: Sentence, start: int, g0: int, g1: int, prior: str) -> Iterator[Mention]:
    read = read_epidural(spoken_grade(said.text[g0:g1].replace(" and ", " to ")))
    grades = [part for part in read.parts if part[1] == "graded"]
    if not grades:
        return
    n = next((k for k, item in enumerate(said.items) if item.end > start), 0)
    last = max((k for k, item in enumerate(said.items) if item.start < g1), default=n)
    before = (
        read_epidural(
            spoken_grade(re.sub(r"[^0-9a-z ]", " ", prior).replace("from", "").replace(" to", ""))
        ).parts
        if prior
        else ()
    )
    scope = said.scope
    standing = scope.aside[n] or ("denied" if scope.denied[n] and not scope.doubted[n] else "")
    levels = levels_of(said, last)
    yield Mention(
        "escc", "yes", start, g1, levels, grades[0][0], "graded", "", "tumour", standing, scope.doubted[n] or scope.doubted[last],
        other_levels(said, n) and grades[0][0].hi == "0", "", before[0][0].lo if before and before[0][0].exact else "",
    )  # fmt: skip

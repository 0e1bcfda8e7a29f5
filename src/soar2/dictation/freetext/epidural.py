"""Epidural disease in prose: tumour in the canal, what it does to sac, cord and fluid, and grades in any spoken form.

Each sign is a range of grades (Bilsky's table, read sign by sign); ranges that agree are narrowed later to what all
allow, so *indents the sac* with *fluid preserved around the cord* becomes 1b and neither alone does.
"""

import re
from collections.abc import Iterator

from soar2.criteria import escc
from soar2.criteria.escc import GradeRange
from soar2.dictation.freetext.effects import effects, not_this
from soar2.dictation.freetext.grades import bracketed_grades, graded
from soar2.dictation.freetext.mentions import Mention, Sentence, cause_of, stop_before
from soar2.dictation.freetext.signs import built, limit, sign

Reach = GradeRange

_SPOKEN = frozenset(
    """EPI INTO MSCC CORDCOMP GRADELABEL EPISPACE RESIDUAL CSFKEPT CORDCLEAR CORDOK PATENT BONEONLY NOCSF NOTPRESS
    BELOW""".split()  # noqa: SIM905
)


def epidural_mentions(said: Sentence) -> Iterator[Mention]:
    if said.has("GRADELABEL") or any(stem in said.text for stem in ("grade", "bil", "ess", "epidural 1")):
        yield from graded(said)
        yield from bracketed_grades(said)
    if said.has("ACT"):
        yield from effects(said)
        if said.has("NOT") and said.has("CORD"):
            for n, item in enumerate(said.items):
                if "NOT" in item.tags:
                    yield from not_this(said, n)
    if said.tags.isdisjoint(_SPOKEN):
        return
    for n, item in enumerate(said.items):
        tags = item.tags
        if not tags:
            continue
        if "EPI" in tags or ("INTO" in tags and _into(said, n)):
            yield from _disease(said, n)
        elif "MSCC" in tags:
            yield sign(said, n, n, n, escc.CORD_COMPRESSED, escc.NO_CORD_COMPRESSION, cause="tumour")
        elif "CORDCOMP" in tags:
            yield sign(said, n, n, n, escc.CORD_COMPRESSED, escc.NO_CORD_COMPRESSION, where="CORD")
        elif "GRADELABEL" in tags and _high(said, n):
            yield sign(said, n, n, n, escc.CORD_COMPRESSED, None, cause="tumour")
        elif "EPISPACE" in tags:
            yield from _space(said, n)
        elif "RESIDUAL" in tags and said.scope.denied[n] in ("no", "without"):
            yield built(
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
            yield limit(said, n, Reach("0", "2"))
        elif "CSFKEPT" in tags:
            yield limit(said, n, Reach("0", "1b"))
        elif "CORDCLEAR" in tags:
            yield built(said, n, n, n, Reach("0", "1b"), "excludes", cause=cause_of(said, n), word="no")
        elif ("CORDOK" in tags and "cord" in said.text) or "NOTPRESS" in tags:
            yield built(
                said, n, n, n, escc.NO_CORD_COMPRESSION, "excludes", cause=cause_of(said, n), word="no"
            )
        elif "BELOW" in tags:
            yield from _below(said, n)
        elif "PATENT" in tags:
            yield limit(said, n, Reach("0", "1a"))
        elif "BONEONLY" in tags and not said.scope.denied[n]:
            yield built(said, n, n, n, escc.NO_EPIDURAL_DISEASE, "described", word="0")
        elif "NOCSF" in tags:
            yield sign(said, n, n, n, escc.exactly("3"), None, below="severe")


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
        yield sign(said, n, n - 1, n, escc.CORD_COMPRESSED, None)
        return
    if "LOWGRADE" in before:
        yield sign(said, n, n - 1, n, Reach("1a", "1c"), escc.NO_EPIDURAL_DISEASE)
        return
    yield sign(said, n, n, n, escc.EPIDURAL_TUMOUR, escc.NO_EPIDURAL_DISEASE)


_TISSUE = frozenset(("TUMOUR", "LESION", "EPI", "MSCC"))

_TISSUE_WORDS = frozenset(
    [
        "disease",
        "extension",
        "component",
        "involve",
        "tissue",
        "spread",
        "soft",
        "mass",
        "encroachment",
        "infiltrate",
        "enhancement",
    ]
)


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


DEGREES = {"SEVERE": "severe", "MODERATE": "moderate", "MILD": "mild"}


def _below(said: Sentence, n: int) -> Iterator[Mention]:
    """*Below conus moderate*: the macro's own words in prose."""
    for item in said.items[n + 1 : n + 4]:
        degree = next((word for tag, word in DEGREES.items() if tag in item.tags), "")
        if degree:
            reach = escc.below_conus_range(degree)
            yield built(said, n, n, n, reach, "described", cause=cause_of(said, n), below=degree, word="yes")
            return


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
        r"(?:is |are |: |appears |remains )?"
        r"(?:clear|normal|unremarkable|free|uninvolved|preserved|spared|not involved|intact)\b",
        near,
    ):
        yield built(said, n, n, n, escc.NO_EPIDURAL_DISEASE, "described", word="0")

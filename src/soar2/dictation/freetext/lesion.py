"""The lesion: tumour named, suspected or denied, its kind; and dangers of other causes."""

import re
from collections.abc import Callable, Iterator

from soar2.dictation.freetext.mentions import (
    Mention,
    Sentence,
    cause_of,
    levels_of,
    names_tumour,
    segment_bounds,
    stop_after,
    stop_before,
)
from soar2.dictation.freetext.saying import CAUSE_TAGS, TUMOUR_HERE, elsewhere, said_of
from soar2.dictation.freetext.stability import fracture


def _all_levels(said: Sentence, n: int) -> tuple[str, ...]:
    """A plural noun speaks of every level of its clause that is not another cause's: *metastases at T4 (lytic), T8
    (with epidural disease) and L2*."""
    items, scope = said.items, said.scope
    lo, hi = stop_before(items, n), stop_after(items, n)
    near = levels_of(said, n)
    levels = list(near)
    for at in range(n + 1, hi):
        item = items[at]
        if item.tags & {"NO", "WITHOUT", "NOT"}:
            if any("LEVEL" in i.tags for i in items[at:hi]) and not any(
                "LEVEL" in i.tags for i in items[n:at]
            ):
                break
            if not scope.denied[min(at + 1, hi - 1)]:
                break
        if "LEVEL" in item.tags and not item.role and not scope.denied[at] and not scope.aside[at]:
            a, b = segment_bounds(items, at)
            other = any(i.tags & CAUSE_TAGS for i in items[a:b]) and not any(
                i.tags & TUMOUR_HERE for i in items[a:b]
            )
            if not other and not item.disc:
                levels += item.levels
    if not near:
        levels += [
            lv
            for at in range(lo, n)
            if "LEVEL" in items[at].tags and not items[at].role
            for lv in items[at].levels
        ]
    return tuple(dict.fromkeys(levels))


def _tumour(said: Sentence, n: int) -> Iterator[Mention]:
    items, scope = said.items, said.scope
    lo, hi = segment_bounds(items, n)
    spine = any(
        i.tags & {"LEVEL", "BONE", "CORD", "CANAL", "EPI"}
        for i in items[stop_before(items, n) : stop_after(items, n)]
    )
    piece = items[lo:hi]
    if any("ORGAN" in i.tags for i in piece) and not any(i.tags & {"LEVEL", "BONE"} for i in piece):
        return
    named = "CANCER" in items[n].tags or (n + 1 < len(items) and "CANCER" in items[n + 1].tags)
    if named and not any("LEVEL" in i.tags for i in items[n:hi]):
        yield said_of(said, n, "cancer", "no" if scope.denied[n] else "yes")
        return
    if items[n].word == "metastatic" and not spine:
        return
    word = _standing(said, n)
    broken = any(stem in items[n].word for stem in ("fracture", "collapse", "deformity"))
    if broken:
        yield from fracture(said, n)
    if word == "new" or ((broken or items[n].word == "pathologic") and word == "absent"):
        return
    other = _benign_beside(said, n)
    if other:
        yield said_of(
            said, n, "tumour", "suspected" if word != "absent" else word, levels=_all_levels(said, n)
        )
        return
    levels = _all_levels(said, n) if word != "absent" else levels_of(said, n)
    yield said_of(said, n, "tumour", word, levels=levels)


def _epidural_tumour(said: Sentence, n: int) -> Iterator[Mention]:
    """Epidural *tumour* names tumour; that there is none in the canal does not deny it in the bone."""
    if n in said.scope.gone and said.has("TREAT") and names_tumour(said.items[n].word):
        yield said_of(said, n, "tumour", "present")
    elif (names_tumour(said.items[n].word) or "MSCC" in said.items[n].tags) and not said.scope.denied[n]:
        yield said_of(
            said, n, "tumour", "suspected" if said.scope.doubted[n] else "present", levels=()
        )._replace(other=True)


def _standing(said: Sentence, n: int) -> str:
    scope = said.scope
    if scope.denied[n] == "new":
        return "new"
    if scope.denied[n]:
        return "absent"
    return "suspected" if scope.doubted[n] else "present"


def _benign_beside(said: Sentence, n: int) -> bool:
    """*Haemangioma versus metastasis*: a differential, whichever comes first."""
    items = said.items
    lo, hi = stop_before(items, n), stop_after(items, n)
    return any(i.word in ("versus", "vs", "differential") for i in items[lo:hi])


def _lesion(said: Sentence, n: int) -> Iterator[Mention]:
    """A lesion in bone: of a level named, or of the skeleton. A benign cause beside it makes it none of ours."""
    items, scope = said.items, said.scope
    item = items[n]
    lo, hi = stop_before(items, n), stop_after(items, n)
    clause = items[lo:hi]
    if scope.denied[n] == "new":
        return
    cause = cause_of(said, n)
    if cause not in ("", "tumour", "lesion"):
        return
    weak = item.word in (
        "disease",
        "signal abnormality",
        "focus",
        "foci",
        "uptake",
        "fdg uptake",
        "mass",
        "infiltrate",
        "abnormal enhancement",
        "nodule",
    )
    bony = (
        any(i.tags & {"LEVEL"} for i in clause)
        or any(
            i.tags & {"LYTIC", "BLASTIC", "MIXED"}
            or i.word
            in (
                "osseous",
                "bone",
                "bony",
                "vertebral",
                "vertebra",
                "marrow",
                "vertebral body",
                "spine",
                "spinal",
            )
            for i in clause
        )
        or "marrow" in item.word
        or "osseous" in item.word
        or "bone" in item.word
        or "bony" in item.word
    )
    if item.word == "signal abnormality" and any("CORD" in i.tags for i in clause):
        return
    if not bony or (any("ORGAN" in i.tags for i in clause) and not any("LEVEL" in i.tags for i in clause)):
        return
    if any("SAC" in i.tags for i in items[n + 1 : n + 2]):
        return
    levels = _all_levels(said, n)
    if weak and not levels:
        return
    vague = item.word in ("signal abnormality", "abnormal enhancement")
    if vague and not scope.denied[n] and not any(i.tags & (TUMOUR_HERE - {"LESION"}) for i in clause):
        return
    word = _standing(said, n)
    if word == "absent":
        yield said_of(said, n, "lesion_denied", "no", levels=levels_of(said, n))
        return
    if any("BENIGNWORD" in i.tags for i in clause):
        return
    yield said_of(said, n, "lesion_seen", "suspicious" if scope.doubted[n] else "yes", levels=levels)


def _kind(word: str) -> Callable[[Sentence, int], Iterator[Mention]]:
    def read(said: Sentence, n: int) -> Iterator[Mention]:
        items, scope = said.items, said.scope
        if scope.denied[n]:
            return
        lo, hi = stop_before(items, n), stop_after(items, n)
        if not any(i.tags & {"TUMOUR", "LESION", "EPI"} for i in items[lo:hi]) and not _labelled(
            said, "lesion", "bone", "quality"
        ):
            if word != "lytic" and not any("LEVEL" in i.tags for i in items[lo:hi]):
                return
            if cause_of(said, n) not in ("", "tumour"):
                return
        if any("endplate" in i.word for i in items[max(0, n - 2) : n + 3]):
            return
        if cause_of(said, n) not in ("", "tumour") and not said.has("TUMOUR"):
            return
        if items[n].word == "destruction" and any("PEDICLE" in i.tags for i in items[n + 1 : n + 6]):
            return  # what is destroyed behind the body says nothing of the body's own bone
        kind = "indeterminate" if scope.doubted[n] else word
        if word == "indeterminate" and any(i.tags & {"LYTIC", "BLASTIC", "MIXED"} for i in items[lo:hi]):
            return
        yield said_of(said, n, "lesion", kind, levels=_kind_levels(said, n))

    return read


def _kind_levels(said: Sentence, n: int) -> tuple[str, ...]:
    """*Lytic lesion in T8*: what the noun behind the adjective is about; *T4 (lytic)*: the level before."""
    items = said.items
    for at in range(n + 1, min(n + 5, len(items))):
        if items[at].tags & {"TUMOUR", "LESION"}:
            return () if elsewhere(said, at) else levels_of(said, at)
        if items[at].word in (")", ",", ".", ";"):
            break
    return () if elsewhere(said, n) else levels_of(said, n)


def _labelled(said: Sentence, *words: str) -> bool:
    head = said.text.partition(":")[0] if ":" in said.text[:40] else ""
    return any(word in head for word in words)


#: Of the benign and primary tumours those that are somebody's business whatever they press on.
_PRIMARY = (
    "chordoma", "ependymoma", "astrocytoma", "osteosarcoma", "chondrosarcoma", "ewing", "giant cell", "glioma", "blastoma",
    "primary", "aggressive", "angiosarcoma",
)  # fmt: skip


def _danger(key: str) -> Callable[[Sentence, int], Iterator[Mention]]:
    def read(said: Sentence, n: int) -> Iterator[Mention]:
        word = said.items[n].word
        if said.scope.denied[n] or said.scope.aside[n]:
            return
        if word == "phlegmon" and "epidural" not in said.text:
            yield said_of(said, n, "danger", "infection")
            return
        if key == "benign_tumour":
            if any(stem in word for stem in _PRIMARY):
                yield said_of(said, n, "danger", "primary_or_benign_tumour")
            return
        if key == "haematoma" and not re.search(
            r"epidural|subdural|extradural|intraspinal|spinal", said.text
        ):
            return
        if key == "infection" and not re.search(
            r"discitis|osteomyelitis|spinal|epidural|vertebral|dis[ck]|spondyl", said.text
        ):
            return
        if (
            key == "infection"
            and word in ("infectious", "septic", "infection", "infective")
            and said.has("TUMOUR")
        ):
            return
        yield said_of(said, n, "danger", key)

    return read


def cancer_mentions(said: Sentence) -> Iterator[Mention]:
    """Cancer named by itself, as a history names it."""
    for n, item in enumerate(said.items):
        if item.tags & {"CANCER", "TUMOUR"} and "fracture" not in item.word:
            sure = not (
                said.scope.denied[n] or said.scope.doubted[n] or said.scope.aside[n] in ("family", "plan")
            )
            yield said_of(said, n, "cancer", "yes" if sure else "no")


LESION = {
    "TUMOUR": _tumour,
    "EPI": _epidural_tumour,
    "MSCC": _epidural_tumour,
    "LESION": _lesion,
    "LYTIC": _kind("lytic"),
    "BLASTIC": _kind("blastic"),
    "MIXED": _kind("mixed"),
    "INDET": _kind("indeterminate"),
    "benign_tumour": _danger("benign_tumour"),
    "abscess": _danger("abscess"),
    "infection": _danger("infection"),
    "haematoma": _danger("haematoma"),
    "unstable_fracture": _danger("unstable_fracture"),
}

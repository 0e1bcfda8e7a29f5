"""The lesion itself in prose: tumour named, suspected or denied; its kind, collapse, alignment, posterior elements;
cord signal; change since the last scan; treatment; and dangers of other causes."""

import re
from collections.abc import Iterator

from soar2.dictation.freetext.items import Item
from soar2.dictation.freetext.lexicon import CAUSES
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
from soar2.dictation.values import parse

_TUMOUR_HERE = frozenset(("TUMOUR", "LESION", "EPI", "MSCC", "LYTIC", "BLASTIC", "MIXED"))
_CAUSES = frozenset(CAUSES)


def bone_mentions(said: Sentence) -> Iterator[Mention]:
    if said.tags.isdisjoint(_READERS):
        return
    for n, item in enumerate(said.items):
        if item.tags:
            for tag in item.tags:
                reader = _READERS.get(tag)
                if reader is not None:
                    yield from reader(said, n)


def _said(
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
        standing or scope.aside[n], scope.doubted[n], _elsewhere(said, n),
    )  # fmt: skip


def _elsewhere(said: Sentence, n: int) -> bool:
    lo, hi = segment_bounds(said.items, n)
    return any("ELSE" in i.tags for i in said.items[lo:hi])


# ----------------------------------------------------------------------------------------- tumour, lesion


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
            other = any(i.tags & _CAUSES for i in items[a:b]) and not any(
                i.tags & _TUMOUR_HERE for i in items[a:b]
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
    if any("ORGAN" in i.tags for i in items[lo:hi]) and not any("LEVEL" in i.tags for i in items[lo:hi]):
        if not any(i.tags & {"BONE"} for i in items[lo:hi]):
            return
    if "CANCER" in items[n].tags or (n + 1 < len(items) and "CANCER" in items[n + 1].tags):
        if not any("LEVEL" in i.tags for i in items[n:hi]):
            yield _said(said, n, "cancer", "no" if scope.denied[n] else "yes")
            return
    if items[n].word == "metastatic" and not spine:
        return
    word = _standing(said, n)
    broken = any(stem in items[n].word for stem in ("fracture", "collapse", "deformity"))
    if broken:
        yield from _fracture(said, n)
    if word == "new" or ((broken or items[n].word == "pathologic") and word == "absent"):
        return
    other = _benign_beside(said, n)
    if other:
        yield _said(said, n, "tumour", "suspected" if word != "absent" else word, levels=_all_levels(said, n))
        return
    levels = _all_levels(said, n) if word != "absent" else levels_of(said, n)
    yield _said(said, n, "tumour", word, levels=levels)


def _epidural_tumour(said: Sentence, n: int) -> Iterator[Mention]:
    """Epidural *tumour* names tumour; that there is none in the canal does not deny it in the bone."""
    if n in said.scope.gone and said.has("TREAT") and names_tumour(said.items[n].word):
        yield _said(said, n, "tumour", "present")
    elif (names_tumour(said.items[n].word) or "MSCC" in said.items[n].tags) and not said.scope.denied[n]:
        yield _said(
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
    if not bony or any("ORGAN" in i.tags for i in clause) and not any("LEVEL" in i.tags for i in clause):
        return
    if any("SAC" in i.tags for i in items[n + 1 : n + 2]):
        return
    levels = _all_levels(said, n)
    if weak and not levels:
        return
    if (
        weak
        and not scope.denied[n]
        and not any(i.tags & (_TUMOUR_HERE - {"LESION"}) for i in clause)
        and item.word in ("disease", "signal abnormality", "abnormal enhancement")
    ):
        if item.word != "disease" or not levels:
            return
    word = _standing(said, n)
    if word == "absent":
        yield _said(said, n, "lesion_denied", "no", levels=levels_of(said, n))
        return
    if any("BENIGNWORD" in i.tags for i in clause):
        return
    yield _said(said, n, "lesion_seen", "suspicious" if scope.doubted[n] else "yes", levels=levels)


def _kind(word: str):  # type: ignore[no-untyped-def]
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
        kind = word
        if word == "indeterminate" and any(i.tags & {"LYTIC", "BLASTIC", "MIXED"} for i in items[lo:hi]):
            return
        yield _said(said, n, "lesion", kind, levels=_kind_levels(said, n))

    return read


def _kind_levels(said: Sentence, n: int) -> tuple[str, ...]:
    """*Lytic lesion in T8*: what the noun behind the adjective is about; *T4 (lytic)*: the level before."""
    items = said.items
    for at in range(n + 1, min(n + 5, len(items))):
        if items[at].tags & {"TUMOUR", "LESION"}:
            return () if _elsewhere(said, at) else levels_of(said, at)
        if items[at].word in (")", ",", ".", ";"):
            break
    return () if _elsewhere(said, n) else levels_of(said, n)


def _labelled(said: Sentence, *words: str) -> bool:
    head = said.text.partition(":")[0] if ":" in said.text[:40] else ""
    return any(word in head for word in words)


# ------------------------------------------------------------------------------------------- collapse

_SHARE = re.compile(
    r"(?:(?:>=?|<=?|≥|≤|~|more than|less than|greater than|over|under|exceeding|approximately|approx\.?|about|around|up to|at least|nearly|almost)\s*)?"
    r"(?:\d{1,3}\s*(?:%|percent|per cent)?\s*(?:-|to)\s*)?(?:\d{1,3}\s*(?:%|percent|per cent)|(?:one\s+)?half\b|fifty\s+per\s?cent)"
)
_FRACTION = re.compile(
    r"\b(?:(?:a|one)[\s-](?P<lt>third|quarter|fifth)|(?P<gt>two[\s-]thirds|three[\s-]quarters))\b"
)
_BRACKETED = re.compile(
    r"\s*(?:vertebral\s+body\s*|vertebra\s*)?\(\s*(?P<share>[^()]{0,16}?\d{1,3}\s*%)[^()]{0,30}\)"
)


def _bracketed_shares(said: Sentence, n: int) -> Iterator[Mention]:
    """*Fractures of T12 (20%) and L1 (40%)*."""
    for item in said.items:
        if "LEVEL" in item.tags:
            found = _BRACKETED.match(said.text, item.end)
            closed = parse("collapse", found["share"]).words if found else ()
            if found and closed:
                yield _said(said, n, "collapse", closed[0], levels=item.levels)


def _height(said: Sentence, n: int) -> Iterator[Mention]:
    items, scope = said.items, said.scope
    lo, hi = stop_before(items, n), stop_after(items, n)
    if scope.denied[n]:
        if scope.denied[n] != "new":
            yield _said(said, n, "collapse", "none")
        return
    if items[n].word == "lost" and "height" not in said.text:
        return
    if "(" in said.text and "%" in said.text:
        listed = list(_bracketed_shares(said, n))
        if listed:
            yield from listed
            return
    start = items[max(lo, n - 8)].start
    stop = items[min(hi - 1, n + 8)].end
    shares = [m for m in _SHARE.finditer(said.text, start, stop)]
    anchor = items[n].start
    if shares:
        share = min(shares, key=lambda m: abs(m.start() - anchor))
        words = (
            share.group()
            .replace("≥", ">=")
            .replace("≤", "<=")
            .replace("nearly", "about")
            .replace("almost", "about")
            .replace("at least", ">=")
            .replace("fifty", "50")
            .replace("per cent", "percent")
        )
        if words.startswith("up to"):
            words = "<= " + words[5:]
        closed = parse("collapse", words.strip()).words
        if closed:
            yield _said(said, n, "collapse", closed[0])
            return
    part = _FRACTION.search(said.text, start, stop)
    if part:
        yield _said(said, n, "collapse", "lt50" if part["lt"] else "gt50")
        return
    near = items[max(lo, n - 3) : n + 2]
    if any("PLANA" in i.tags for i in near) or any(
        i.word in ("complete", "near complete", "near - complete", "total") for i in near
    ):
        yield _said(said, n, "collapse", "gt50")
    elif any("MILD" in i.tags for i in near):
        yield _said(said, n, "collapse", "lt50")
    else:
        yield _said(said, n, "collapse", "indeterminate")


def _plana(said: Sentence, n: int) -> Iterator[Mention]:
    if not said.scope.denied[n]:
        yield _said(said, n, "collapse", "gt50")


def _kept_height(said: Sentence, n: int) -> Iterator[Mention]:
    if not said.scope.denied[n]:
        general = "heights" in said.text and not levels_of(said, n)
        yield _said(said, n, "collapse", "none")._replace(where="ALL" if general else "")


def _most(said: Sentence, n: int) -> Iterator[Mention]:
    if not said.scope.denied[n] and (
        said.has("TUMOUR", "LESION") or re.search(r"involv|replac|infiltrat|occup|tumour|tumor", said.text)
    ):
        yield _said(said, n, "collapse", "none_gt50_involved")


_BODYSHARE = re.compile(
    r"(?:more than|greater than|over|>)\s*(?:50\s*%|half|50 percent)\s*(?:of\s+)?(?:the\s+)?(?:vertebral\s+)?body(?!\s+height)"
)


def body_share(said: Sentence) -> Iterator[Mention]:
    """*More than 50% of the vertebral body is replaced*."""
    found = _BODYSHARE.search(said.text) if "body" in said.text else None
    if found and re.search(r"involv|replac|infiltrat|occup", said.text):
        n = next((k for k, item in enumerate(said.items) if item.start >= found.start()), 0)
        yield _said(said, n, "collapse", "none_gt50_involved")


def _fracture(said: Sentence, n: int) -> Iterator[Mention]:
    """A pathologic fracture without a degree has collapsed somewhat; denied, there is no collapse."""
    items, scope = said.items, said.scope
    if "fracture" not in items[n].word and "collapse" not in items[n].word:
        return
    if scope.denied[n]:
        # without a level of its own it may be about the levels that are not described
        if scope.denied[n] not in ("new", "severe") and levels_of(said, n):
            yield _said(said, n, "collapse", "none")
        return
    if "(" in said.text and "%" in said.text:
        listed = list(_bracketed_shares(said, n))
        yield from listed
        if listed:
            return
    if not said.has("HEIGHT", "PLANA", "HEIGHTKEPT"):
        yield _said(said, n, "collapse", "indeterminate")


# ------------------------------------------------------------------------- alignment, posterior elements


def _aligned(said: Sentence, n: int) -> Iterator[Mention]:
    general = not levels_of(said, n)
    yield _said(said, n, "alignment", "normal")._replace(where="ALL" if general else "")


def _deformed(said: Sentence, n: int) -> Iterator[Mention]:
    items, scope = said.items, said.scope
    if "STRAIGHT" in items[n].tags:
        return
    if scope.denied[n]:
        if scope.denied[n] not in ("severe",):
            yield _said(said, n, "alignment", "normal")
    elif cause_of(said, n) in ("", "tumour") or said.has("TUMOUR"):
        yield _said(said, n, "alignment", "deformity")


def _slipped(said: Sentence, n: int) -> Iterator[Mention]:
    items, scope = said.items, said.scope
    if "STRAIGHT" in items[n].tags:
        return
    if scope.denied[n]:
        yield _said(said, n, "alignment", "normal")
        return
    pair = [i for i in items if i.role == "slip"]
    cause = cause_of(said, n)
    old = re.search(
        r"\b(?:chronic|degenerative|unchanged|longstanding|stable|spondylolysis|pars)\b", said.text
    )
    if cause not in ("", "tumour") and not said.has("TUMOUR", "LESION"):
        return
    if old and not said.has("TUMOUR"):
        return
    sure = said.has("TUMOUR", "LESION", "EPI", "NEW") or items[n].word in (
        "subluxation",
        "translation",
        "subluxed",
        "subluxated",
        "dislocation",
        "translated",
        "anterior translation",
    )
    levels = tuple(dict.fromkeys(level for i in pair for level in i.levels)) or None
    yield _said(said, n, "alignment", "subluxation" if sure else "indeterminate", levels=levels)


_SPARED = re.compile(
    r"\b(?:spar(?:ed|es|ing)|uninvolved|intact|not involved|preserved|normal|unremarkable|free)\b"
)


def _posterior(said: Sentence, n: int) -> Iterator[Mention]:
    items, scope = said.items, said.scope
    lo, hi = stop_before(items, n), stop_after(items, n)
    near = said.text[items[max(lo, n - 3)].start : items[min(hi - 1, n + 4)].end]
    if scope.denied[n] or _SPARED.search(near):
        if scope.denied[n] != "new":
            yield _said(said, n, "posterolateral", "none")
        return
    a, b = max(lo, n - 4), min(hi, n + 5)
    if any(i.tags & {"harmless", "benign_tumour"} for i in items[a:b]):
        return
    if not (
        said.has("TUMOUR", "LESION", "EPI", "LYTIC", "BLASTIC", "MIXED")
        or re.search(
            r"involv|replac|infiltrat|destr|extend|extension|invad|tumou?r|erod|posterolateral", said.text
        )
    ):
        return
    yield _said(said, n, "posterolateral", _sides(items, a, b, n))


def _sides(items: list[Item], a: int, b: int, n: int) -> str:
    words = [(at, items[at]) for at in range(a, b)]
    if any("BOTH" in i.tags for _, i in words):
        return "bilateral"
    sides = {
        s
        for at, i in words
        if "SIDE" in i.tags
        for s in ("left", "right")
        if s in i.word.split() and at <= n + 2
    }
    if sides == {"left", "right"}:
        return "bilateral"
    if sides or any("SIDE" in i.tags for _, i in words):
        return "unilateral"
    return "indeterminate"


# ------------------------------------------------------------------------------- signal, change, treatment

_OLD = re.compile(r"\b(?:old|chronic|unchanged|stable|long-?\s?standing|myelomalacia)\b")


def _signal(said: Sentence, n: int) -> Iterator[Mention]:
    items, scope = said.items, said.scope
    lo, hi = stop_before(items, n), stop_after(items, n)
    word = items[n].word
    own = any(stem in word for stem in ("cord", "intramedullary", "myelo"))
    near = [i for i in items[max(lo, n - 7) : min(hi, n + 7)] if "CORD" in i.tags]
    if not own and not near:
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
            yield _said(said, n, "cord_signal", "absent", cause=cause)
        return
    if (
        re.search(r"\bnormal\b", said.text[max(0, items[n].start - 25) : items[n].end + 20])
        and "abnormal" not in said.text
    ):
        yield _said(said, n, "cord_signal", "absent", cause=cause)
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
    yield _said(said, n, "cord_signal", age, cause=cause)


def _signal_normal(said: Sentence, n: int) -> Iterator[Mention]:
    if said.has("CORD") or "cord" in said.items[n].word:
        yield _said(said, n, "cord_signal", "absent")


def _change(word: str):  # type: ignore[no-untyped-def]
    def read(said: Sentence, n: int) -> Iterator[Mention]:
        items, scope = said.items, said.scope
        if scope.denied[n] or scope.aside[n] and word == "new":
            return
        if word == "progressed" and items[n].word in ("larger", "worse"):
            return
        lo, hi = stop_before(items, n), stop_after(items, n)
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
        if word == "new" and not any(
            i.tags & (_TUMOUR_HERE | {"HEIGHT", "ACT", "LEVEL"}) for i in items[a:b]
        ):
            return
        if word == "new" and any(i.tags & {"DEFORM", "SLIP", "SIGNAL"} for i in items[n : n + 4]):
            return
        if any(i.tags & _CAUSES for i in items[a:b]) and not any(i.tags & _TUMOUR_HERE for i in items[a:b]):
            return
        if any(i.tags & {"SIGNAL", "SIGNALOK"} for i in items[a:b]) and not any(
            i.tags & _TUMOUR_HERE for i in items[a:b]
        ):
            return
        levels = levels_of(said, n)
        yield _said(said, n, "status", word, levels=levels)

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
    yield _said(said, n, "status", word)._replace(standing="")


def _new_by_denial(said: Sentence, n: int) -> Iterator[Mention]:
    """*Not present on the prior study*."""
    if any("BACK" in i.tags for i in said.items[n + 1 : n + 5]) and said.has(
        "TUMOUR", "LESION", "EPI", "ACT"
    ):
        yield _said(said, n, "status", "new")._replace(standing="")


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
    yield _said(said, n, "treated", "yes")._replace(standing="")


# ------------------------------------------------------------------------------------------ other dangers


#: Of the benign and primary tumours those that are somebody's business whatever they press on.
_PRIMARY = (
    "chordoma", "ependymoma", "astrocytoma", "osteosarcoma", "chondrosarcoma", "ewing", "giant cell", "glioma", "blastoma",
    "primary", "aggressive", "angiosarcoma",
)  # fmt: skip


def _danger(key: str):  # type: ignore[no-untyped-def]
    def read(said: Sentence, n: int) -> Iterator[Mention]:
        word = said.items[n].word
        if said.scope.denied[n] or said.scope.aside[n]:
            return
        if word == "phlegmon" and "epidural" not in said.text:
            yield _said(said, n, "danger", "infection")
            return
        if key == "benign_tumour":
            if any(stem in word for stem in _PRIMARY):
                yield _said(said, n, "danger", "primary_or_benign_tumour")
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
        yield _said(said, n, "danger", key)

    return read


_READERS = {
    "TUMOUR": _tumour,
    "LESION": _lesion,
    "LYTIC": _kind("lytic"),
    "BLASTIC": _kind("blastic"),
    "MIXED": _kind("mixed"),
    "INDET": _kind("indeterminate"),
    "HEIGHT": _height,
    "PLANA": _plana,
    "HEIGHTKEPT": _kept_height,
    "MOSTBODY": _most,
    "harmless": _fracture,
    "ALIGNOK": _aligned,
    "DEFORM": _deformed,
    "SLIP": _slipped,
    "PEDICLE": _posterior,
    "SIGNAL": _signal,
    "SIGNALOK": _signal_normal,
    "STABLE": _change("stable"),
    "BETTER": _change("improved"),
    "WORSE": _change("progressed"),
    "NEW": _change("new"),
    "TREAT": _treated,
    "EPI": _epidural_tumour,
    "MSCC": _epidural_tumour,
    "POSTNO": _new_by_denial,
    "benign_tumour": _danger("benign_tumour"),
    "abscess": _danger("abscess"),
    "infection": _danger("infection"),
    "haematoma": _danger("haematoma"),
    "unstable_fracture": _danger("unstable_fracture"),
}


def cancer_mentions(said: Sentence) -> Iterator[Mention]:
    """Cancer named by itself, as a history names it."""
    for n, item in enumerate(said.items):
        if item.tags & {"CANCER", "TUMOUR"} and "fracture" not in item.word:
            sure = not (
                said.scope.denied[n] or said.scope.doubted[n] or said.scope.aside[n] in ("family", "plan")
            )
            yield _said(said, n, "cancer", "yes" if sure else "no")

"""What the scan shows of stability: collapse, alignment, posterior elements."""

import re
from collections.abc import Iterator, Sequence

from soar2.dictation.freetext.items import Item
from soar2.dictation.freetext.mentions import Mention, Sentence, cause_of, levels_of, stop_after, stop_before
from soar2.dictation.freetext.saying import said_of
from soar2.dictation.values import parse

_SHARE = re.compile(
    r"(?:(?:>=?|<=?|≥|≤|~|more than|less than|greater than|over|under|exceeding|approximately|approx\.?|about|around|up to"
    r"|at least|nearly|almost)\s*)?(?:\d{1,3}\s*(?:%|percent|per cent)?\s*(?:-|to)\s*)?"
    r"(?:\d{1,3}\s*(?:%|percent|per cent)|(?:one\s+)?half\b|fifty\s+per\s?cent)"
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
                yield said_of(said, n, "collapse", closed[0], levels=item.levels)


_AT = re.compile(r"(?P<share>(?:[<>~]\s*)?\d{1,3}\s*%)[a-z ]{0,24}\b(?:at|in|of)\s+(?:the\s+)?$")


def _shares_at(said: Sentence, n: int) -> Iterator[Mention]:
    """*Height loss is 30% at T8 and 60% at T9*."""
    for item in said.items:
        found = _AT.search(said.text, max(0, item.start - 45), item.start) if item.levels else None
        closed = parse("collapse", found["share"]).words if found else ()
        if closed:
            yield said_of(said, n, "collapse", closed[0], levels=item.levels)


def _height(said: Sentence, n: int) -> Iterator[Mention]:
    items, scope = said.items, said.scope
    lo, hi = stop_before(items, n), stop_after(items, n)
    if scope.denied[n]:
        if scope.denied[n] != "new":
            yield said_of(said, n, "collapse", "none")
        return
    if items[n].word == "lost" and "height" not in said.text:
        return
    if "%" in said.text:
        listed = list(_bracketed_shares(said, n)) or list(_shares_at(said, n))
        if listed:
            yield from listed
            return
    start = items[max(lo, n - 8)].start
    stop = items[min(hi - 1, n + 8)].end
    shares = list(_SHARE.finditer(said.text, start, stop))
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
            yield said_of(said, n, "collapse", closed[0])
            return
    part = _FRACTION.search(said.text, start, stop)
    if part:
        yield said_of(said, n, "collapse", "lt50" if part["lt"] else "gt50")
        return
    near = items[max(lo, n - 3) : n + 2]
    if any("PLANA" in i.tags for i in near) or any(
        i.word in ("complete", "near complete", "near - complete", "total") for i in near
    ):
        yield said_of(said, n, "collapse", "gt50")
    elif any("MILD" in i.tags for i in near):
        yield said_of(said, n, "collapse", "lt50")
    else:
        yield said_of(said, n, "collapse", "indeterminate")


def _plana(said: Sentence, n: int) -> Iterator[Mention]:
    if not said.scope.denied[n]:
        yield said_of(said, n, "collapse", "gt50")


def _kept_height(said: Sentence, n: int) -> Iterator[Mention]:
    if not said.scope.denied[n]:
        general = "heights" in said.text and not levels_of(said, n)
        yield said_of(said, n, "collapse", "none")._replace(where="ALL" if general else "")


def _most(said: Sentence, n: int) -> Iterator[Mention]:
    if not said.scope.denied[n] and (
        said.has("TUMOUR", "LESION") or re.search(r"involv|replac|infiltrat|occup|tumour|tumor", said.text)
    ):
        yield said_of(said, n, "collapse", "none_gt50_involved")


_BODYSHARE = re.compile(
    r"(?:more than|greater than|over|>)\s*(?:50\s*%|half|50 percent)\s*(?:of\s+)?(?:the\s+)?(?:[ctdls]\d{1,2}\s+)?"
    r"(?:vertebral\s+)?body"
    r"(?!\s+height)"
)


def body_share(said: Sentence) -> Iterator[Mention]:
    """*More than 50% of the vertebral body is replaced*."""
    found = _BODYSHARE.search(said.text) if "body" in said.text else None
    if found and re.search(r"involv|replac|infiltrat|occup", said.text):
        n = next((k for k, item in enumerate(said.items) if item.start >= found.start()), 0)
        yield said_of(said, n, "collapse", "none_gt50_involved")


def fracture(said: Sentence, n: int) -> Iterator[Mention]:
    """A pathologic fracture without a degree has collapsed somewhat; denied, there is no collapse."""
    items, scope = said.items, said.scope
    if "fracture" not in items[n].word and "collapse" not in items[n].word:
        return
    if scope.denied[n]:
        # without a level of its own it may be about the levels that are not described
        if scope.denied[n] not in ("new", "severe") and levels_of(said, n):
            yield said_of(said, n, "collapse", "none")
        return
    if "(" in said.text and "%" in said.text:
        listed = list(_bracketed_shares(said, n))
        yield from listed
        if listed:
            return
    if not said.has("HEIGHT", "PLANA", "HEIGHTKEPT"):
        mild = any("MILD" in i.tags for i in items[max(0, n - 2) : n])
        yield said_of(said, n, "collapse", "lt50" if mild else "indeterminate")


_ALIGNED = re.compile(
    r"\balignment\b[^.;,]{0,25}\b(?:normal|maintained|preserved|anatomic\w*|unremarkable|satisfactory|intact)\b"
    r"|\b(?:normal|maintained|preserved|anatomic\w*|satisfactory)\s+(?:\w+\s+){0,2}alignment\b"
)


def aligned_words(said: Sentence) -> Iterator[Mention]:
    """Normal alignment in other words than the phrases know."""
    found = None if "alignment" not in said.text or said.has("ALIGNOK") else _ALIGNED.search(said.text)
    if found and not re.search(r"\b(?:not|abnormal|loss)\b", found.group()):
        n = next((k for k, item in enumerate(said.items) if item.start >= found.start()), 0)
        yield from _aligned(said, n)


def _aligned(said: Sentence, n: int) -> Iterator[Mention]:
    general = not levels_of(said, n)
    yield said_of(said, n, "alignment", "normal")._replace(where="ALL" if general else "")


def _deformed(said: Sentence, n: int) -> Iterator[Mention]:
    items, scope = said.items, said.scope
    if "STRAIGHT" in items[n].tags:
        return
    if scope.denied[n]:
        if scope.denied[n] not in ("severe",):
            yield said_of(said, n, "alignment", "normal")
    elif cause_of(said, n) in ("", "tumour") or said.has("TUMOUR"):
        yield said_of(said, n, "alignment", "deformity")


def _slipped(said: Sentence, n: int) -> Iterator[Mention]:
    items, scope = said.items, said.scope
    if "STRAIGHT" in items[n].tags:
        return
    if scope.denied[n]:
        yield said_of(said, n, "alignment", "normal")
        return
    pair = [i for k, i in enumerate(items) if i.role == "slip" or (i.levels and _slip_follows(items, k))]
    cause = cause_of(said, n)
    old = re.search(
        r"\b(?:chronic|degenerative|unchanged|longstanding|stable|spondylolysis|pars)\b", said.text
    )
    if cause not in ("", "tumour") and not said.has("TUMOUR", "LESION"):
        return
    if old and not said.has("TUMOUR"):
        return
    sure = said.has("TUMOUR", "LESION", "EPI", "NEW", "GRADELABEL") or items[n].word in (
        "subluxation",
        "translation",
        "subluxed",
        "subluxated",
        "dislocation",
        "translated",
        "anterior translation",
    )
    levels = tuple(dict.fromkeys(level for i in pair for level in i.levels)) or None
    yield said_of(said, n, "alignment", "subluxation" if sure else "indeterminate", levels=levels)


def _slip_follows(items: Sequence[Item], k: int) -> bool:
    """Whether the next level named is the one on which this one has slipped."""
    later = next((i for i in items[k + 1 :] if i.levels), None)
    return later is not None and later.role == "slip"


_SPARED = re.compile(
    r"\b(?:spar(?:ed|es|ing)|uninvolved|unaffected|not affected|respected|clear|intact|not involved|preserved|normal"
    r"|unremarkable|free)\b"
)


def _posterior(said: Sentence, n: int) -> Iterator[Mention]:
    items, scope = said.items, said.scope
    lo, hi = stop_before(items, n), stop_after(items, n)
    near = said.text[items[max(lo, n - 3)].start : items[min(hi - 1, n + 4)].end]
    if scope.denied[n] or _SPARED.search(near):
        if scope.denied[n] != "new":
            yield said_of(said, n, "posterolateral", "none")
        return
    a, b = max(lo, n - 5), min(hi, n + 5)
    if any(i.tags & {"harmless", "benign_tumour"} for i in items[a:b]):
        return
    if len(items) > 4 and not (
        said.has("TUMOUR", "LESION", "EPI", "LYTIC", "BLASTIC", "MIXED")
        or re.search(
            r"involv|replac|infiltrat|destr|extend|extension|invad|tumou?r|erod|posterolateral", said.text
        )
    ):
        return
    yield said_of(said, n, "posterolateral", _sides(items, a, b, n))


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


STABILITY = {
    "HEIGHT": _height,
    "PLANA": _plana,
    "HEIGHTKEPT": _kept_height,
    "MOSTBODY": _most,
    "harmless": fracture,
    "ALIGNOK": _aligned,
    "DEFORM": _deformed,
    "SLIP": _slipped,
    "PEDICLE": _posterior,
}

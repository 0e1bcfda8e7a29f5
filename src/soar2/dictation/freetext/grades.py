"""Grades in any spoken form: *Bilsky one-c*, *ESCC from 1b to 2*, *1b and 3 respectively*."""

import re
from collections.abc import Iterator

from soar2.dictation.epidural import read_epidural
from soar2.dictation.freetext.mentions import Mention, Sentence, levels_of, other_levels
from soar2.dictation.speech import spoken_grade

_G = (
    r"(?:[0-3]|zero|one|won|two|three|i{1,3}\b)(?:\s?-?\s?(?:[abc]|see|sea|cee|bee|be|ay)(?![a-z]))?"
    r"(?![\w%])(?!\.\d)(?!\s*(?:mm|cm)\b)"
)
#: One grade or two joined into a range; *and* joins only after *between* or at the end of a statement.
_JOINED = (
    r"-|–|to|or|/|through|and possibly|"
    + "|".join(f"(?<=between {g} )and" for g in ("0", "1a", "1b", "1c", "2"))
    + r"|and(?=\s+[0-3][abc]?\s*(?:[.,;)]|$))"
)
_CHAIN = (
    rf"(?:(?:>=|<=|>|<|at least|at most|up to|greater than|less than)\s*)?{_G}(?:\s*(?:{_JOINED})\s*{_G})?"
)
_NAME = r"(?:(?:escc|bilsky|grade|score)\s*)*"
#: The earlier grade before today's: *from 2 to*, *2 ->*, *prior 2, current*, *2 on the prior study, now*.
_CHANGED = (
    rf"(?:has\s+|was\s+|been\s+)*(?:[a-z]+\s+)?from\s+{_NAME}{_G}\s+to\s+{_NAME}|{_G}\s*(?:->|→|=>|>)\s*"
    rf"|(?:prior|previous(?:ly)?|was|last)?\s*:?\s*{_G}[^.;\d]{{0,30}}?[\s,(/]\s*(?:and\s+)?(?:is\s+|has\s+become\s+)?"
    rf"(?:now|current(?:ly)?|today)\b\s*:?\s*(?:is\s+)?{_NAME}"
)
_GRADED = re.compile(
    rf"\b(?:b[ie]l+\s?sk(?:i|y|ey|ee)(?:'s)?|bilksy|escc|esscc?|epidural(?=\s+1[abc]\b)|epidural(?:\s+spinal)?(?:\s+cord)?(?:\s+compression|\s+disease)?\s*\(?(?:escc)?\)?\s+(?:scale|grades?|scores?)|cord\s+compression\s+(?:scale|grade|score))"
    rf"(?:\s*\(?(?:escc|bilsky)\)?)?(?:\s*(?:epidural|spinal|cord|compression|scale|scores?|grades?|graded|is|are|of|as|now|currently|:|=|,|-|was|remains|equals|category|type|class|stage|corrected\s+to|revised\s+to|changed\s+to|amended\s+to|should\s+(?:be|read)|between|at\s+(?:level\s+)?[ctdls]-?\s?\d{{1,2}}|level))*"
    rf"\s*(?P<from>{_CHANGED})?\s*(?P<g>{_CHAIN})"
)

_LEADING = re.compile(
    rf"\bgrade\s+(?P<g>{_CHAIN})\s+(?:\(?(?:bilsky|escc)|(?:metastatic\s+|malignant\s+)?(?:epidural|spinal\s+cord\s+compression|cord\s+compression|escc)|(?:on|by|per|according\s+to|using)\s+(?:the\s+)?(?:bilsky|escc))"
)

_FROM = re.compile(rf"\bfrom\s+(?:escc|bilsky|grade)\s+(?:grade\s+)?(?P<from>{_G})\s+to\s+{_NAME}(?P<g>{_G})")
_OF_SCALE = re.compile(rf"\b(?P<g>{_G})\s+(?:on|by|per)\s+(?:the\s+)?(?:bilsky|escc)")
_ALSO = re.compile(rf"\s*(?:at\s+\S+\s*)?(?:,|and|,\s*and|;)\s*(?:grade\s+)?(?P<g>{_G})(?=\s+at\s+)")

_WAS = re.compile(
    rf"\s*[,(]?\s*\(?\s*(?:previously|prior|was|formerly|up\s+from|down\s+from|increased\s+from|vs\.?\s+prior|compared\s+(?:to|with))\s*:?\s*(?:escc|bilsky|grade|\s)*\s*(?P<g>{_G})"
)

_ONE = re.compile(_G)

_RESPECTIVELY = re.compile(
    rf"(?P<all>{_G}(?:\s*(?:,\s*and|,|and|/)\s*(?:grade\s+)?{_G})+)(?=[^.;]{{0,60}}\brespectively)"
)


def _listed(said: Sentence, place: int, count: int) -> tuple[str, ...]:
    """The list of as many levels as there are grades: the last before, else the first after."""
    lists = [item for item in said.items if len(item.levels) == count and not item.role]
    before = [item for item in lists if item.end <= place]
    return (before or lists)[-1 if before else 0].levels if lists else ()


def graded(said: Sentence) -> Iterator[Mention]:
    text = said.text
    at = 0
    while True:
        found = (
            _FROM.search(text, at)
            or _GRADED.search(text, at)
            or _LEADING.search(text, at)
            or _OF_SCALE.search(text, at)
        )
        if found is None:
            return
        at = found.end("g")
        each = _RESPECTIVELY.match(text, found.start("g"))
        named = _listed(said, found.start(), len(_ONE.findall(each["all"]))) if each else ()
        if each and named:
            for level, one in zip(named, _ONE.finditer(each["all"]), strict=True):
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


def bracketed_grades(said: Sentence) -> Iterator[Mention]:
    """*T3 (1a), T6 (1c), Bilsky grades in brackets*."""
    if "(" in said.text and said.has("GRADELABEL"):
        for found in _IN_BRACKETS.finditer(said.text):
            yield from _grade(said, found.start("g"), found.start("g"), found.end("g"), "")


def _grade(said: Sentence, start: int, g0: int, g1: int, prior: str) -> Iterator[Mention]:
    read = read_epidural(spoken_grade(said.text[g0:g1].replace(" and ", " to ")))
    grades = [part for part in read.parts if part[1] == "graded"]
    if not grades:
        return
    n = next((k for k, item in enumerate(said.items) if item.end > g0), 0)
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
        "escc", "yes", start, g1, levels, grades[0][0], "graded", "", "tumour", standing,
        scope.doubted[n] or scope.doubted[last], other_levels(said, n) and grades[0][0].hi == "0", "",
        before[0][0].lo if before and before[0][0].exact else "",
    )  # fmt: skip

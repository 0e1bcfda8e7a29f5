"""The sections of a report without the macro, and its sentences.

Nothing here depends on capitals, on how lines are wrapped or on how items are numbered: a heading is known by its
name, a label by its colon, and a line break that only wraps a sentence is a space.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from soar2.dictation.statements import Place

HISTORY, COMPARISON, TECHNIQUE, FINDINGS, IMPRESSION, ADDENDUM, PRIOR = (
    "history", "comparison", "technique", "findings", "impression", "addendum", "prior report",
)  # fmt: skip
ORIGINAL = "original"
#: Sections whose words are not about what today's scan shows.
NOT_TODAY = frozenset((HISTORY, COMPARISON, TECHNIQUE, PRIOR))

#: A section and the names of its heading, a blank standing for any run of blanks.
_NAMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        PRIOR,
        (
            r"(?:copied|carried)(?: |-)forward(?: from .{0,40})?",
            r"copied from .{0,40}",
            r"(?:from |per |text of )?(?:the )?(?:prior|previous|earlier|old) "
            r"(?:report|impression|findings|text|mri report|study report)(?: impression| findings)?"
            r"(?: \(?(?:dated|of|from|\d).{0,30})?",
            r"(?:quoted|quote) (?:from )?.{0,30}",
        ),
    ),
    (
        ADDENDUM,
        (
            r"(?:addendum|addenda)(?: report)?(?: (?:#|no\.? ?|number )?\d{1,2})?"
            r"(?: (?:to|by|on|dated|issued|start) .{0,40})?",
            r"(?:first|second|third) addendum",
            r"addendum (?:begins|impression)",
            r"correction",
            r"(?:corrected|amended) report",
            r"amendment",
        ),
    ),
    (
        ORIGINAL,
        (
            r"end (?:of )?addendum",
            r"original (?:report|text|dictation)(?: (?:below|follows))?",
            r"end of correction",
        ),
    ),
    (
        HISTORY,
        (
            r"(?:clinical |patient |relevant |brief )?(?:history|indications?|information|background|data|details|context"
            r"|question|statement|presentation)(?: (?:and|/|&) (?:indications?|history|reason).{0,20})?",
            r"reasons? for (?:the )?(?:exam(?:ination)?|study|test|visit|referral|mri|scan)",
            r"clinical(?: diagnosis| letter| notes?| problem)?",
            r"hx|hpi|ind|pmh|symptoms|(?:presenting|chief) complaint",
            r"referral(?: reason| text)?",
            r"request(?: details)?",
            r"past medical history",
            r"diagnosis code",
            r"order(?:ing)? (?:comments?|diagnosis|reason)",
            r"referring (?:physician|clinician|note|letter).{0,20}",
            r"patient (?:note|statement|questionnaire)",
            r"known diagnosis",
            r"(?:oncologic|cancer|prior treatment|treatment|family) history",
        ),
    ),
    (
        COMPARISON,
        (
            r"comparisons?(?: (?:study|studies|exams?|imaging|made with))?",
            r"prior (?:studies|study|exams?|imaging|examinations?)",
            r"previous (?:imaging|studies|study|exams?|mri)",
            r"compared (?:with|to)",
            r"(?:last|old|earlier) (?:mri|ct|scan|study|imaging|exam)(?: .{0,20})?",
            r"comparison is made.{0,10}",
        ),
    ),
    (
        TECHNIQUE,
        (
            r"techniques?|protocol|contrast|sequences?|sedation|modality",
            r"procedure(?: comments?| description)?",
            r"exam(?:ination)?(?: type| description| date)?",
            r"study(?: type| date)?",
            r"technical (?:factors|quality|details)",
            r"(?:radiation )?dose",
            r"recommendations?",
            r"report date|date of (?:exam|service|study)|accession",
            r"(?:electronically )?signed.{0,30}|dictated(?: by)?|attending|radiologist",
        ),
    ),
    (
        IMPRESSION,
        (
            r"(?:final |overall |radiologic |summary )?(?:impressions?|conclusions?|summary|opinion|assessment"
            r"|interpretation|diagnosis|comments?)(?: (?:and|/|&) (?:recommendations?|plan))?",
            r"imp|in summary|bottom line|today",
            r"critical (?:results?|findings?)",
            r"key findings",
            r"current(?: (?:exam|study|examination|mri))?",
            r"this (?:exam|study|examination)",
        ),
    ),
    (
        FINDINGS,
        (
            r"(?:imaging |mri |ct |detailed |pertinent )?findings?",
            r"(?:mri )?report(?: text)?|body|observations?|results?|description|narrative|interpretation of findings",
        ),
    ),
)


def _named(names: tuple[str, ...]) -> str:
    return "|".join(names).replace(" ", r"[ \t]+")


_HEADING = re.compile(
    r"[\s*#_=<>b/\[\]•-]*(?P<name>"
    + "|".join(f"(?P<h{n}>{_named(names)})" for n, (_, names) in enumerate(_NAMES))
    + r")[\s*_=<>/\]b]*?(?P<mark>[ \t]*(?::|\s-\s|\s--|\.(?=\s)|(?=[\r\n])|$))"
)
_MARKED = re.compile(r"\s*[*_<>/=]*b?>?[ \t]*")
_LABEL_LINE = re.compile(r"[ \t]*(?:[-*•–]\s*|\(?\d{1,2}[.)]\s*)?[a-z][a-z0-9 /,&()-]{0,38}:(?=\s|$)")
_LEVEL_LINE = re.compile(
    r"[ \t]*(?:level\s+)?(?:[ctdls]-?\s?\d{1,2}(?:\s?[-/]\s?[ctdls]?\d{1,2})?)(?:\s+(?:body|vertebral body|vertebra))?"
    r"(?:\s*:|\s+[-–]\s|\t|\s{2,})"
)
_DATED = re.compile(r"(?:mri|mr|ct|pet|pet/ct|scan|imaging)(?:\s+\w+){0,3}\s+\(?\d[\d/.-]+\)?\s*[:\-]")
_TODAY = re.compile(
    r"(?:^|[\r\n.;])[ \t]{0,20}"
    r"(?:today|current(?:\s+(?:exam|study|examination|mri))?|this\s+(?:exam|study|examination))\s*:"
)
_ITEM = re.compile(r"[ \t]*(?:[-*•–>]\s+|\(?\d{1,2}[.)](?=\s|[a-z])\s*|[a-h][.)]\s+|#\s*\d{1,2}\s+)")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)?")


class Said(NamedTuple):
    """A sentence: half-open span of the report, its section, and its words in lower case, wraps made spaces."""

    start: int
    end: int
    section: str
    lower: str
    #: Counts headings, so that what was spoken of under one is not carried over to the next.
    block: int
    #: Place in the report of each character of ``lower``, where runs of blanks were closed up; None: one for one.
    offsets: tuple[int, ...] | None = None

    def place(self, start: int, end: int) -> Place:
        """Where in the report ``lower[start:end]`` stands."""
        if self.offsets is None:
            return Place(self.start + start, self.start + end)
        return Place(self.offsets[start], self.offsets[end - 1] + 1 if end > start else self.offsets[start])


@dataclass(slots=True)
class _State:
    section: str = FINDINGS
    block: int = 0
    seen: bool = False  # findings or impression have begun
    concluded: bool = False  # the impression has begun
    addendum: bool = False
    number: int = 0  # of the last list item
    words: bool = False  # something stands under the present heading


def sentences(lower: str) -> list[Said]:
    """The report's sentences. ``lower``: its text in lower case, character for character."""
    found: list[Said] = []
    state = _State()
    width = _width(lower)
    run: list[tuple[int, int]] = []
    at, total = 0, len(lower)
    while at < total:
        line = _LINE.match(lower, at)
        if line is None or line.end() == at:
            break
        start, end = at, line.end()
        at = end
        shown = lower[start:end]
        if not shown.strip():
            _flush(lower, run, state, found)
            if state.section in NOT_TODAY and state.words and state.section != PRIOR:
                state.section, state.words = FINDINGS, False
                state.block += 1
            continue
        heading = _heading(lower, start, end)
        if (
            heading
            and not heading[2]
            and run
            and not lower[run[-1][0] : run[-1][1]].rstrip().endswith(_CLOSED)
        ):
            heading = None  # the last word of a wrapped sentence is no heading without its colon
        if heading:
            _flush(lower, run, state, found)
            start = _enter(state, heading[0], heading[1])
            if not lower[start:end].strip(" \t\r\n.:-*_"):
                continue
        item = _item(lower, start, end, run, state)
        if run and (
            item
            or _LABEL_LINE.match(lower, start, end)
            or _LEVEL_LINE.match(lower, start, end)
            or not _wraps(lower, run[-1], start, end, width)
        ):
            _flush(lower, run, state, found)
        state.words = True
        run.append((item.end() if item and item.end() < end else start, end))
    _flush(lower, run, state, found)
    return found


def _item(
    lower: str, start: int, end: int, run: list[tuple[int, int]], state: _State
) -> re.Match[str] | None:
    """A list item's mark. A number that ends a wrapped sentence (*ESCC* / *2. No fracture*) is none: it does not count
    on from the item before, and the line before is not ended."""
    item = _ITEM.match(lower, start, end)
    if item is None:
        return None
    open_line = bool(run) and not lower[run[-1][0] : run[-1][1]].rstrip().endswith(_CLOSED)
    digits = _COUNT.search(item.group())
    if digits is None:
        return None if open_line and _LETTERED.match(item.group()) else item
    number = int(digits.group())
    if open_line and number != state.number + 1:
        return None
    state.number = number
    return item


_COUNT = re.compile(r"\d+")
_LETTERED = re.compile(r"\s*[a-h][.)]")


def _width(lower: str) -> int:
    return max((len(line) for line in lower.splitlines()), default=0)


def _wraps(lower: str, last: tuple[int, int], start: int, end: int, width: int) -> bool:
    """Whether the line break before ``start`` only wraps a sentence: the next word would not have fitted."""
    line = lower[last[0] : last[1]].rstrip()
    if line.endswith((".", ";", "!", "?")):
        return True  # the sentence ends there by itself
    if line.endswith((",", "-", "/", "(", ":")):
        return True
    words = lower[start:end].split(None, 1)
    if not words:
        return False
    if line.rsplit(None, 1)[-1] in _OPEN or words[0] in _OPEN_NEXT:
        return True
    whole = last[1] - 1 - _line_start(lower, last[0])
    return whole + 1 + len(words[0]) > width


def _line_start(lower: str, at: int) -> int:
    return max(lower.rfind("\n", 0, at), lower.rfind("\r", 0, at)) + 1


#: A line that ends or begins with one of these is not the end or the beginning of a sentence.
_OPEN = frozenset(
    """the a an of at in on and or no not with without to from by is are was were has have for as than level spinal
    thecal epidural vertebral which that causing due mild moderate severe out r/o exclude evaluate suggest suspicious marrow
    osseous bony cauda equina left right bilateral central foraminal disc new acute abnormal significant definite
    convincing soft lumbar thoracic suggest cervical ventral dorsal anterior posterior bone nerve into between around
    extending involving approximately about metastatic malignant pathologic lytic sclerotic mixed grade bilsky escc
    another any other some residual visible""".split()  # noqa: SIM905
)
_OPEN_NEXT = frozenset(
    [
        "of",
        "at",
        "and",
        "or",
        "with",
        "without",
        "is",
        "are",
        "was",
        "were",
        "to",
        "from",
        "by",
        "as",
        "than",
        "compressing",
        "causing",
        "which",
        "which,",
        "which;",
    ]
)


_CLOSED = (".", ";", "!", "?", ":")


def _heading(lower: str, start: int, end: int) -> tuple[str, int, bool] | None:
    shown = lower[start:end]
    stripped = shown.strip()
    if ":" not in shown and len(stripped) > 60 and " - " not in shown[:40]:
        return None
    found = _known(shown if len(shown) < 120 else shown[:120])
    if found is None:
        return None
    return found[0], start + found[1], ":" in shown[: found[1]]


@lru_cache(maxsize=4096)
def _known(shown: str) -> tuple[str, int] | None:
    match = _HEADING.match(shown)
    if match is None:
        return None
    name = next(_NAMES[n][0] for n in range(len(_NAMES)) if match[f"h{n}"])
    after = _MARKED.match(shown, match.end())
    rest = shown[match.end() :].strip()
    if match["mark"].strip() == "" and rest:
        return None
    if match["mark"].strip() == "." and len(match["name"].split()) > 2 and name not in (ADDENDUM, ORIGINAL):
        return None
    return name, after.end() if after else match.end()


def _enter(state: _State, name: str, start: int) -> int:
    state.block += 1
    state.words, state.number = False, 0
    if name == ORIGINAL:
        state.addendum, state.section = False, FINDINGS
    elif name == ADDENDUM:
        state.addendum, state.section = True, ADDENDUM
    elif state.addendum and state.seen and name in (FINDINGS, IMPRESSION):
        state.section = ADDENDUM  # an addendum below the report, with headings of its own
    elif state.section == PRIOR and state.concluded and name in (FINDINGS, IMPRESSION, HISTORY, TECHNIQUE):
        state.section = PRIOR  # an earlier report quoted below this one, with headings of its own
    else:
        state.addendum = False
        state.section = name
        state.seen = state.seen or name in (FINDINGS, IMPRESSION)
        state.concluded = state.concluded or name == IMPRESSION
    return start


#: The end of a sentence: a stop that is none of an abbreviation, a question that is not answered on the spot, a cell of a
#: table, or a known heading in the middle of a line.
_END = re.compile(
    r"[.!;](?=\s|$|[a-z]{3})(?<!\bdr\.)(?<!\bvs\.)(?<!\bapprox\.)(?<!\bno\.)(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\bca\.)(?<!\bfig\.)"
    r"(?<!\bth\.)(?<!\bt\.)(?<!\bd\.)(?<!\bl\.)"
    r"|\?(?=\s|$)(?!\s*(?:no|yes|none|nil|absent|present)\s*(?:[.,;]|$))|\s\|\s"
    r"|(?<=\s)(?=(?:clinical\s(?:history|indication|information)|indications?|history|technique|comparisons?|findings?"
    r"|impressions?|conclusions?|opinion|addendum|examination)\s*:)"
)
_LONGEST = 1500


def _flush(lower: str, run: list[tuple[int, int]], state: _State, found: list[Said]) -> None:
    """The sentences of a run of lines; a known heading in the middle of a line begins a new section."""
    if not run:
        return
    start, end = run[0][0], run[-1][1]
    run.clear()
    at = start
    for stop in _END.finditer(lower, start, end):
        if stop.start() < at:
            continue
        at = _sentence(lower, at, stop.end(), state, found)
    _sentence(lower, at, end, state, found)


def _sentence(lower: str, start: int, end: int, state: _State, found: list[Said]) -> int:
    while start < end and lower[start] in " \t\r\n":
        start += 1
    head = _INHEAD.match(lower, start, min(end, start + 90))
    if head:
        known = _known(lower[start : head.end()])
        if known and ":" in lower[start : start + known[1]]:
            start = _enter(state, known[0], start + known[1])
    number = _ITEM.match(lower, start, end)
    if number and number.end() < end:
        start = number.end()
    while start < end:
        stop = min(start + _LONGEST, end)
        words = lower[start:stop]
        if words.strip(" \t\r\n.;:-*•|_="):
            state.words = True
            found.append(_said(start, stop, state, words))
        start = stop
    return end


_INHEAD = re.compile(r"[a-z*#_\[<][^.;:\r\n]{2,60}:")
_SPACES = re.compile(r"[\r\n\t\f\v]")
_RUNS = re.compile(r"\s{2,}")


def _said(start: int, stop: int, state: _State, words: str) -> Said:
    """One sentence, each run of blanks and line breaks made one blank."""
    if _RUNS.search(words) is None:
        return Said(start, stop, state.section, _SPACES.sub(" ", words), state.block)
    pieces: list[str] = []
    offsets: list[int] = []
    at = 0
    for run in _RUNS.finditer(words):
        pieces += [words[at : run.start()], " "]
        offsets += range(start + at, start + run.start() + 1)
        at = run.end()
    pieces.append(words[at:])
    offsets += range(start + at, stop)
    return Said(start, stop, state.section, _SPACES.sub(" ", "".join(pieces)), state.block, tuple(offsets))


def report_sentences(lower: str) -> Iterator[Said]:
    """The sentences, put right where headings are missing.

    Without a heading for the findings, history and technique are taken to be short: what follows must be the findings.
    Beside a heading such as *Today*, lines that begin with a dated scan are about that scan.
    """
    listed = sentences(lower)
    if _TODAY.search(lower):
        listed = [
            s._replace(section=PRIOR) if _DATED.match(s.lower) and s.section == FINDINGS else s
            for s in listed
        ]
    if any(s.section in (FINDINGS, ADDENDUM) and s.block for s in listed):
        yield from listed
        return
    fresh, last, block = -1, 0, -1
    for said in listed:
        if said.section in _SHORT and said.block == block and last:
            new_line = "\n" in lower[last : said.start].replace("\r", "\n")
            if new_line or (_FOUND.search(said.lower) and "?" not in said.lower):
                fresh = said.block
        last, block = said.end, said.block
        yield said._replace(section=FINDINGS) if said.block == fresh else said


#: Sections that end with their line, or with the first sentence that reports something, where no heading says what
#: follows.
_SHORT = frozenset((HISTORY, COMPARISON, TECHNIQUE))
_FOUND = re.compile(
    r"\b(?:normal|unremarkable|preserved|maintained|there (?:is|are)|is seen|are seen|shows?|demonstrates?"
    r"|no (?:evidence|metast|epidural|cord|marrow|suspicious|significant|fracture)|compress(?:es|ing|ed)"
    r"|[ctdl]-?\d{1,2}\b(?!-?\s*(?:weighted|signal|images?)))"
)

"""``soar2 read`` and ``soar2 template``: the reader from the shell, without a database."""

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from soar2.dictation.explain import explain, marked_up
from soar2.dictation.forms import FORMS
from soar2.dictation.reading import LevelReading, Reading, read_report
from soar2.errors import Unreadable

STDIN = "-"

# A message may be wrapped in MLLP's framing byte or carry a byte order mark.
_HL7 = re.compile(rb"^[\x0b\s\xef\xbb\xbf]*(?:MSH|FHS|BHS)[|^~!#$%&*]")
_MESSAGE = re.compile(rb"(?:^|(?<=[\r\n\x0b]))(?=MSH[^A-Za-z0-9])")


def run_read(
    paths: list[str],
    as_json: bool,
    stdin: IO[Any],
    stdout: IO[str],
    stderr: IO[str],
    *,
    explained: bool = False,
) -> int:
    """Read each file (``-``: standard input), print one object or summary per report, in order. ``explained``: with
    the words that gave each finding.

    Returns 0, or 1 when a file could not be read; the others are printed all the same.
    """
    failed = False
    for path in paths:
        try:
            texts = list(_texts(_bytes(path, stdin)))
        except OSError as fault:
            texts = [Unreadable(fault.strerror or "it could not be opened")]
        except Unreadable as fault:
            texts = [fault]
        for text in texts:
            if isinstance(text, Unreadable):
                failed = _complain(stderr, path, text.reason)
            else:
                reading = read_report(text)
                stdout.write(_shown(text, reading, path, as_json=as_json, explained=explained))
    return 1 if failed else 0


def run_template(fmt: str, stdout: IO[str]) -> int:
    """Print the macro's template. Returns 0, or 2 for a format that does not exist."""
    if fmt not in FORMS:
        return 2
    stdout.write(FORMS[fmt]())
    return 0


def _complain(stderr: IO[str], path: str, why: str) -> bool:
    name = "Standard input" if path == STDIN else path
    stderr.write(f"{name} could not be read: {why.rstrip('.')}.\n")
    return True


def _bytes(path: str, stdin: IO[Any]) -> bytes:
    if path != STDIN:
        return Path(path).read_bytes()
    source = getattr(stdin, "buffer", stdin)
    raw = source.read()
    return raw.encode() if isinstance(raw, str) else bytes(raw)


def _texts(raw: bytes) -> Iterator[str | Unreadable]:
    """The reports of one file, in order; a message that cannot be read stands as its fault among the others."""
    body = _eight_bit(raw)
    if _HL7.match(body):
        yield from _hl7_texts(body)
    else:
        yield from _plain_texts(decoded(body))


def texts_of(raw: bytes) -> list[str]:
    """The texts of the reports in one file. Raises Unreadable for what is no report."""
    texts = list(_texts(raw))
    for text in texts:
        if isinstance(text, Unreadable):
            raise text
    return [text for text in texts if isinstance(text, str)]


def _eight_bit(raw: bytes) -> bytes:
    """UTF-16, which some editors write, as UTF-8; everything else as it is."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", errors="replace").encode()
    few = len(raw) // 3
    if raw[1::2].count(0) > few:
        return raw.decode("utf-16-le", errors="replace").encode()
    return raw.decode("utf-16-be", errors="replace").encode() if raw[::2].count(0) > few else raw


def decoded(raw: bytes) -> str:
    """UTF-8, else Windows' western set, in which every byte is some character: a report is never lost to an accent.

    Raises Unreadable for what is no text at all, so that a picture never passes for a report without macro.
    """
    body = raw.removeprefix(b"\xef\xbb\xbf")
    if body.startswith((b"%PDF", b"PK\x03\x04")) or b"\0" in body:
        raise Unreadable("it is not a text")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("cp1252", errors="replace")


def _plain_texts(text: str) -> Iterator[str]:
    """Plain text: a form feed stands between reports, or a second macro with a counting statement of its own."""
    parts = [part for part in text.split("\f") if part.strip()]
    for part in parts or [text]:
        yield from _macros(part)


_TITLED = re.compile(
    r"^[ \t]*spine\s+oncology\s+macro\b(?=[^\r\n]*[\r\n]+[ \t]*(?:numbering|conus)\s*:)", re.I | re.M
)
#: A line with which the next report may begin before its macro.
_OPENING = re.compile(
    r"^[ \t]*(?:MRI?\b|EXAM|PROCEDURE|STUDY\b|REPORT|ACCESSION|PATIENT|={3,}|-{3,}|_{3,})", re.M
)


def _macros(text: str) -> Iterator[str]:
    titles = [found.start() for found in _TITLED.finditer(text.replace("\r", "\n"))]
    start = 0
    for previous, title in itertools.pairwise(titles):
        opening = _OPENING.search(text.replace("\r", "\n"), previous, title)
        end = opening.start() if opening else title
        yield text[start:end]
        start = end
    yield text[start:]


def _hl7_texts(raw: bytes) -> Iterator[str | Unreadable]:
    starts = [found.start() for found in _MESSAGE.finditer(raw)]
    if not starts:
        raise Unreadable("it looks like an HL7 batch, but holds no message")
    for a, b in itertools.pairwise((*starts, len(raw))):
        yield from _message_texts(raw[a:b].strip(b"\x0b\x1c\r\n "))


def _message_texts(piece: bytes) -> Iterator[str | Unreadable]:
    from soar2.exchange.hl7v2.message import parse
    from soar2.exchange.hl7v2.results import read_results

    try:
        for result in read_results(parse(piece)):
            yield result.text
    except Unreadable as fault:
        yield fault


def _shown(text: str, reading: Reading, path: str, *, as_json: bool, explained: bool) -> str:
    if not as_json:
        return summary(reading, path) + (f"\n{marked_up(text, explain(reading))}\n" if explained else "")
    answer = reading.as_json(path)
    if explained:
        answer["explain"] = explain(reading).as_json(text)
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")) + "\n"


# ------------------------------------------------------------------------------------------ for people


def summary(reading: Reading, path: str) -> str:
    """A report as a few calm lines."""
    lines = [f"{'Standard input' if path == STDIN else path}: {reading.lane}{_review(reading)}"]
    lines += [f"  {sentence}" for sentence in reading.reasons]
    lines += [f"  {_level(level)}" for level in reading.levels]
    if reading.score:
        lines.append(f"  Imaging score {reading.score} ({reading.pack.label})")
    if reading.outside:
        lines.append(
            f"  Outside this programme: {', '.join(word.replace('_', ' ') for word in reading.outside)}"
        )
    if reading.numbering:
        lines.append(f"  Numbering as counted: {reading.numbering}")
    lines += [f"  Please look: {sentence}" for sentence in reading.review_reasons]
    lines += [f"  Not understood: {words}" for words in reading.unread]
    return "\n".join(lines) + "\n"


def _review(reading: Reading) -> str:
    return ", a person should look" if reading.review else ""


def _level(level: LevelReading) -> str:
    grade = (
        f"below conus {level.below_conus}" if level.below_conus else f"ESCC {level.epidural or 'not stated'}"
    )
    name = "level not named" if level.level == "unknown" else level.level
    return f"{name:<4} {level.lane:<9} {grade}, imaging SINS {level.sins} of 15 (line {level.rule})"

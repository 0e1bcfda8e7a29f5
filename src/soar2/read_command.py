"""``soar2 read`` and ``soar2 template``: the reader from the shell, without a database."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from soar2.dictation import template
from soar2.dictation.reading import LevelReading, Reading, read_report
from soar2.errors import Unreadable

STDIN = "-"

# A message may be wrapped in MLLP's framing byte or carry a byte order mark.
_HL7 = re.compile(rb"^[\x0b\s\xef\xbb\xbf]*(?:MSH|FHS|BHS)[|^~!#$%&*]")
_MESSAGE = re.compile(rb"(?:^|(?<=[\r\n\x0b]))(?=MSH[^A-Za-z0-9])")


def run_read(paths: list[str], as_json: bool, stdin: IO[Any], stdout: IO[str], stderr: IO[str]) -> int:
    """Read each file (``-``: standard input), print one object or summary per report, in order.

    Returns 0, or 1 when a file could not be read; the others are printed all the same.
    """
    failed = False
    for path in paths:
        try:
            readings = list(_readings(_bytes(path, stdin)))
        except OSError as fault:
            failed = _complain(stderr, path, fault.strerror or "it could not be opened")
        except Unreadable as fault:
            failed = _complain(stderr, path, fault.reason)
        else:
            for reading in readings:
                stdout.write(_line(reading, path) if as_json else summary(reading, path))
    return 1 if failed else 0


def run_template(fmt: str, stdout: IO[str]) -> int:
    """Print the macro's template. Returns 0, or 2 for a format that does not exist."""
    if fmt != "text":
        return 2
    stdout.write(template.as_text())
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


def _readings(raw: bytes) -> Iterator[Reading]:
    """The reports of one file: HL7 messages, or plain text with a form feed between reports."""
    texts = _hl7_texts(raw) if _HL7.match(raw) else _plain_texts(raw)
    for text in texts:
        yield read_report(text)


def _plain_texts(raw: bytes) -> list[str]:
    text = decoded(raw)
    parts = [part for part in text.split("\f") if part.strip()]
    return parts or [text]


def decoded(raw: bytes) -> str:
    """UTF-8, else Windows' western set, in which every byte is some character: a report is never lost to an accent."""
    body = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("cp1252", errors="replace")


def _hl7_texts(raw: bytes) -> list[str]:
    from soar2.exchange.hl7v2.message import parse
    from soar2.exchange.hl7v2.results import read_results

    starts = [found.start() for found in _MESSAGE.finditer(raw)]
    if not starts:
        raise Unreadable("it looks like an HL7 batch, but holds no message")
    pieces = [raw[a:b] for a, b in zip(starts, [*starts[1:], len(raw)], strict=True)]
    texts = [result.text for piece in pieces for result in read_results(parse(piece.strip(b"\x0b\x1c\r\n ")))]
    if not texts:
        raise Unreadable("it is an HL7 message without a report in it")
    return texts


def _line(reading: Reading, path: str) -> str:
    return json.dumps(reading.as_json(path), ensure_ascii=False, separators=(",", ":")) + "\n"


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

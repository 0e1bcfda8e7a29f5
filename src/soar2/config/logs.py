"""How a log line is written. An error's own text may quote what it failed on, and that may be a patient."""

import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[#0\- +]*[\d.*]*[diouxXeEfFgGcrsa]")


class WithoutValues(logging.Formatter):
    """Writes of an exception its kind and the lines of code it passed, never its text.

    A database that refuses a row says which row; a parser says at which words. Neither belongs into a log.
    """

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None  # another handler's formatter may have left the full text here
        try:
            return super().format(record)
        finally:
            record.exc_text = None

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name logging calls
        """One line: what a sender calls itself must not begin another one that looks like ours."""
        record.message = sentence_of(record)
        return "".join(
            char if char.isprintable() else f"\\x{ord(char):02x}" for char in super().formatMessage(record)
        )

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name logging calls
        return "\n".join(_steps(ei[1])).rstrip()


class JsonLines(WithoutValues):
    """One JSON object a line, for a log collector: time, level, logger, event, message, fields, and error.

    ``event`` is the constant part of the sentence, the same however often it happens; ``fields`` what varies.
    """

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": event_of(str(record.msg)),
            "message": sentence_of(record),
            "fields": _fields(record.args),
            "process": record.process,
        }
        if record.exc_info and record.exc_info[1] is not None:
            told["error"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False, default=str)


def sentence_of(record: logging.LogRecord) -> str:
    """What a record says. The event loop shows in further lines whole objects, and in them errors with their text."""
    said = record.getMessage()
    return said.partition("\n")[0] if record.name == "asyncio" else said


def catch_the_rest() -> None:
    """Have an error that nobody caught, in any thread, written as all others are: Python itself would print its text."""
    log = logging.getLogger("soar2")

    def write(kind: type[BaseException], fault: BaseException | None, trace: Any, words: str) -> None:
        if fault is not None and not issubclass(kind, SystemExit):
            log.critical(words, exc_info=(kind, fault, trace))

    sys.excepthook = lambda kind, fault, trace: write(kind, fault, trace, "an error ended the process")
    threading.excepthook = lambda given: write(
        given.exc_type, given.exc_value, given.exc_traceback, "an error ended a thread"
    )
    sys.unraisablehook = lambda given: write(
        given.exc_type, given.exc_value, given.exc_traceback, "an error in the clearing up"
    )


def event_of(template: str) -> str:
    """The words of a sentence before its first value or its first colon: 'sent', 'database away'."""
    words = _PLACEHOLDER.split(template.replace("%%", " "), maxsplit=1)[0].partition(":")[0]
    return " ".join(re.findall(r"\w+", words)) or "message"


def _fields(args: Any) -> dict[str, Any]:
    """Named values under their names, others by their place. Numbers stay numbers."""
    if isinstance(args, Mapping):
        return {str(name): _plain(value) for name, value in args.items()}
    return {str(n): _plain(value) for n, value in enumerate(args or (), 1)}


def _plain(value: Any) -> Any:
    if isinstance(value, bool | int | float) or value is None:
        return value
    return str(value)


def _steps(fault: BaseException | None) -> list[str]:
    """The deepest cause first, as in Python's own tracebacks."""
    if fault is None:
        return []
    before = fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)
    kind = f"{type(fault).__module__}.{type(fault).__qualname__}"
    return [*_steps(before), "".join(traceback.format_tb(fault.__traceback__)) + kind]

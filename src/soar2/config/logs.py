"""How a log line is written. An error's own text may quote what it failed on, and that may be a patient."""

import logging
import traceback
from typing import Any


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

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name logging calls
        return "\n".join(_steps(ei[1])).rstrip()


def _steps(fault: BaseException | None) -> list[str]:
    """The deepest cause first, as in Python's own tracebacks."""
    if fault is None:
        return []
    before = fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)
    kind = f"{type(fault).__module__}.{type(fault).__qualname__}"
    return [*_steps(before), "".join(traceback.format_tb(fault.__traceback__)) + kind]

"""Bytes to JSON values, with nothing let through that two readers could understand differently. Pure.

A key given twice, half a character or a number beyond every range means one thing to one program and another
to the next. Between a radiology system and a surgeon that is not acceptable.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from soar2.exchange.fhir.outcome import Refusal, refuse

DEEPEST = 60  # levels; the deepest report seen in tests has 12
NOT_AN_OBJECT = "The body is JSON, but not an object with a resourceType."

_SUSPECT = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


def read_object(raw: bytes) -> tuple[dict[str, Any], str]:
    """The object in ``raw`` and its text without byte-order mark. Raises Refusal (status 400)."""
    text = _text(raw)
    try:
        found = _DECODER.decode(text)
    except json.JSONDecodeError as fault:
        place = f"line {fault.lineno}, column {fault.colno}"
        raise _bad(f"The body is not JSON: it cannot be read on from {place}.") from None
    except RecursionError:
        raise _bad(f"The JSON is nested deeper than {DEEPEST} levels.") from None
    except ValueError:
        raise _bad("The JSON holds a number with more digits than are taken.") from None
    if not isinstance(found, dict):
        raise _bad(NOT_AN_OBJECT)
    if text.count("{") + text.count("[") > DEEPEST:  # fewer cannot be deeper
        _check_depth(found)
    if _SUSPECT.search(text):
        _check_characters(found)
    return found, text


def _text(raw: bytes) -> str:
    if b"\0" in raw:
        raise _bad("The body holds NUL bytes; it must be JSON in UTF-8.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise _bad(f"The body is not UTF-8: byte {fault.start} fits no character.") from None
    if not text.strip():
        raise _bad("The body is empty.")
    return text


def _bad(words: str) -> Refusal:
    return refuse("structure", words, status=400)


def _no_constant(name: str) -> NoReturn:
    raise _bad(f"{name} is not a JSON value.")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise _bad("The JSON holds a number too large to be kept.")
    return number


_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)


def _check_depth(found: Any) -> None:
    """Level by level, so that the depth of the check itself has no limit to reach."""
    level, depth = [found], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise _bad(f"The JSON is nested deeper than {DEEPEST} levels.")
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, (dict, list))
        ]


def _check_characters(found: Any) -> None:
    for words in strings(found):
        if "\0" in words:
            raise _bad("A string holds the character NUL, which FHIR does not allow.")
        try:
            words.encode()
        except UnicodeEncodeError:
            raise _bad("A string holds half of a surrogate pair, which is no character.") from None


def strings(value: Any) -> Iterator[str]:
    """Every string in JSON values, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, child in value.items():
            yield key
            yield from strings(child)
    elif isinstance(value, list):
        for child in value:
            yield from strings(child)

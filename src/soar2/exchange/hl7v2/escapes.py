r"""HL7 escape sequences: ``\F\ \S\ \T\ \R\ \E\ \X0D\ \.br\`` and their kin, in one pass.

Only complete, known sequences are replaced. Everything else stays as it was written: a backslash in
"50\ percent" is text, and text never makes the reader fall over. Source: HL7 v2.5.1 chapter 2.7.
"""

import re
from collections.abc import Callable
from functools import lru_cache

_FORMS = r"(F|S|T|R|E|P|H|N|X[0-9A-Fa-f]+|\.[A-Za-z]{2} ?[+-]?\d{0,3}|C[0-9A-Fa-f]{4}|M[0-9A-Fa-f]{4,6})"
_BLANK_LINES_AT_MOST = 60  # one page; a sender's \.sp999\ must not blow a report up

Unescape = Callable[[str], str]


@lru_cache(maxsize=64)
def unescaper(delimiters: str, codec: str) -> Unescape:
    """A function that resolves the escapes of one sender.

    ``delimiters`` holds five places: field, component, repetition, escape, subcomponent; a blank is "not
    used".
    """
    field, component, repetition, escape, subcomponent = tuple(delimiters)
    if escape == " ":
        return str
    letters = {"F": field, "S": component, "R": repetition, "E": escape, "T": subcomponent, "P": "#"}
    mark = re.escape(escape)
    pattern = re.compile(f"{mark}{_FORMS}{mark}")

    def replaced(found: re.Match[str]) -> str:
        word = found[1]
        if word in letters:
            return letters[word].strip()
        return _formatting(word) if word[0] != "X" else _hexadecimal(word[1:], codec, found[0])

    return lambda text: pattern.sub(replaced, text) if escape in text else text


def _formatting(word: str) -> str:
    """Layout commands become line ends or spaces; highlighting and character-set switches leave no mark."""
    if not word.startswith("."):
        return ""
    command, count = word[1:3].lower(), word[3:].lstrip(" +")
    times = min(int(count), _BLANK_LINES_AT_MOST) if count.isdigit() else 1
    if command in ("br", "ce"):
        return "\n"
    return {"sp": "\n", "sk": " "}.get(command, "") * times


def _hexadecimal(digits: str, codec: str, written: str) -> str:
    if len(digits) % 2:
        return written
    data = bytes.fromhex(digits)
    try:
        return data.decode(codec)
    except UnicodeError:
        return data.decode("latin-1")

"""Discrete fields, as a dictation system exports them, to the same reading as the macro.

Fields come as (code, value) in the order of the message. A code is a label of the macro or one of its other names, or
the number of a RadElement element; it may carry its level (``T8 ESCC``, ``ESCC_T8``) or the number of its row
(``ESCC 2``, ``LEVEL2_COLLAPSE``). A field named *Level* opens a row.

RadElement numbers: RDES21 (SINS) and RDES288 (ESCC), as a mirror of the sets prints them; not yet checked against the
official service.
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from soar2.criteria.packs import Pack
from soar2.dictation.answer import Reading
from soar2.dictation.reading import read_report
from soar2.dictation.segments import label_key
from soar2.dictation.template import FIELD, TITLE

_ELEMENTS = {
    "RDE151": "level", "RDE153": "lesion", "RDE154": "alignment", "RDE155": "collapse", "RDE156": "posterolateral",
    "RDE1998": "escc",
}  # fmt: skip
#: Fields of the whole report: the line of the macro that each becomes.
_WHOLE = {
    "conus": "Conus",
    "numbering": "Numbering",
    "tumour": "Tumour",
    "tumor": "Tumour",
    "outside": "Outside",
    "other levels": "Other levels",
}
_ROW = re.compile(r"\s*#?(\d{1,2})$|^(?:level|row|line)\s*#?(\d{1,2})\s+", re.I)
_LEVEL = re.compile(r"(?<![a-z\d])(?:oc|[ctlsd]\d{1,2})(?![a-z\d])", re.I)


def read_discrete(
    fields: Iterable[tuple[str, str]],
    *,
    confirmed_treated: frozenset[str] | None = None,
    cancer_known: bool = False,
    pack: Pack | None = None,
) -> Reading:
    """Read discrete fields. Never raises; a code that is not known is kept verbatim among the words not understood."""
    text = as_macro(fields)
    reading = read_report(text, confirmed_treated=confirmed_treated, cancer_known=cancer_known, pack=pack)
    return replace(reading, source="discrete")


def as_macro(fields: Iterable[tuple[str, str]]) -> str:
    """The macro that says what the fields say; places of the reading count in this text."""
    rows: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    whole: list[str] = []
    opened = "1"
    for code, value in fields:
        said = " ".join(value.replace("|", "/").split())
        plain = " ".join(re.sub(r"[_.:/^-]+", " ", code).split())
        key, row, level = _meaning(plain)
        if key in _WHOLE:
            whole.append(f"{_WHOLE[key]}: {said}.")
        elif key == "level":
            opened = row or (str(len(rows) + 1) if opened in names else opened)
            names[opened] = said
            rows.setdefault(opened, [])
        else:
            at = level or row or opened
            names.setdefault(at, level) if level else None
            rows.setdefault(at, []).append(
                f"{FIELD[key].label} {said}" if key in FIELD else f"{plain} {said}"
            )
    lines = [" | ".join((f"Level {names.get(row) or 'unknown'}", *said)) for row, said in rows.items()]
    return "\n".join((TITLE, *whole, *lines, ""))


def _meaning(code: str) -> tuple[str, str, str]:
    """The field of a code, the number of its row, and the level it carries; empty where it has none."""
    element = _ELEMENTS.get(code.upper().replace(" ", ""))
    if element:
        return element, "", ""
    plain = code.lower()
    if plain in _WHOLE:
        return plain, "", ""
    found = _LEVEL.search(code)
    level = ""
    if found and (found.start() == 0 or found.end() == len(code)) and len(code) > found.end() - found.start():
        level = found.group()
        plain = (code[: found.start()] + code[found.end() :]).strip().lower()
    row = ""
    number = None if level else _ROW.search(plain)
    if number and plain not in ("level",):
        row = number[1] or number[2]
        plain = f"{plain[: number.start()]} {plain[number.end() :]}".strip()
    if plain in ("level", "spinal level", "vertebral level", "") and not level:
        return "level", row, ""
    return label_key(plain) or plain, row, level

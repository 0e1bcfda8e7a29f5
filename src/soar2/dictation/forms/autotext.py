"""PowerScribe-style AutoTexts with named fields, and the list of custom fields they need.

Three AutoTexts, because a report has as many rows as it has abnormal levels: the frame, a row of a level with cord, a
row below the conus. Each field of a row is a custom field, so that a site can export it in the outbound message
(``export`` is our code for the field, for OBX-3). What is left untouched stays in its square brackets, and the reader
takes that as not stated.
"""

import csv
import io
from collections.abc import Iterable

from soar2.dictation.template import (
    BELOW_ROW,
    CORD_ROW,
    NO_OTHER_DISEASE,
    NORMAL_NUMBERING,
    TITLE,
    Field,
    offered,
)

COLUMNS = ("name", "type", "choices", "default", "required", "export")
#: Free fields of the frame and of each row: name, text to start with, export code.
FREE: tuple[tuple[str, str, str], ...] = (
    ("Numbering", NORMAL_NUMBERING, "numbering"),
    ("Conus", "", "conus"),
    ("Level", "", "level"),
    ("Treated", "", "treated"),
    ("Other levels", NO_OTHER_DISEASE, "other_levels"),
)
_REQUIRED = ("level", "escc", "below_conus")


def as_autotext() -> str:
    """The three AutoTexts as plain text, a line with the name of each before it."""
    frame = (
        TITLE,
        "Numbering: [Numbering]. Conus: [Conus].",
        "Other levels: [Other levels].",
    )
    return "\n".join(
        (
            "AutoText: Spine oncology macro",
            *frame,
            "",
            "AutoText: Spine oncology level",
            _row(CORD_ROW),
            "",
            "AutoText: Spine oncology level below conus",
            _row(BELOW_ROW),
            "",
        )
    )


def as_custom_fields() -> str:
    """The custom fields as comma-separated values with a header; choices are parted by ``|``."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(COLUMNS)
    for name, default, export in FREE:
        rows.writerow((name, "text", "", default, _yes(export), export))
    for field in dict.fromkeys((*CORD_ROW, *BELOW_ROW)):
        choices = "|".join(choice.shown for choice in offered(field))
        normal = next((choice.shown for choice in field.choices if choice.word == field.normal), "")
        rows.writerow((field.label, "pick list", choices, normal, _yes(field.key), field.key))
    return out.getvalue()


def _row(fields: Iterable[Field]) -> str:
    return " | ".join(("Level [Level]", *(f"{field.label} [{field.label}]" for field in fields)))


def _yes(key: str) -> str:
    return "yes" if key in _REQUIRED else "no"

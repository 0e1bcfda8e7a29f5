"""The macro as an HTML5 report template in the manner of IHE MRRT: sections, selection lists, coded content.

One level with cord and one below the conus are shown; a report creator repeats the section for each further level.
"""

from collections.abc import Iterable, Iterator
from html import escape

from soar2.dictation.codes import OWN, Coding, codings_of
from soar2.dictation.template import (
    BELOW_ROW,
    CORD_ROW,
    NO_OTHER_DISEASE,
    NORMAL_NUMBERING,
    TITLE,
    Field,
    offered,
)

IDENTIFIER = "urn:soar2:template:spine-oncology-macro"


def as_mrrt() -> str:
    """The whole HTML document."""
    body = (
        *_section("numbering", "Numbering", _text("numbering", "Numbering", NORMAL_NUMBERING)
                  + _text("conus", "Conus", "")),
        *_section("cord", "Level with cord", "".join(_level_row("cord", CORD_ROW))),
        *_section("below", "Level below the conus", "".join(_level_row("below", BELOW_ROW))),
        *_section("other", "Other levels", _text("other_levels", "Other levels", NO_OTHER_DISEASE)),
    )  # fmt: skip
    return "\n".join(
        (
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="UTF-8">',
            f"<title>{escape(TITLE)}</title>",
            *_about(),
            '<script type="text/xml">',
            *_coded_content(),
            "</script>",
            "</head>",
            "<body>",
            *body,
            "</body>",
            "</html>",
            "",
        )
    )


def _about() -> Iterator[str]:
    words = {
        "dcterms.title": TITLE,
        "dcterms.identifier": IDENTIFIER,
        "dcterms.description": "Structured dictation of metastatic disease of the spine on MRI.",
        "dcterms.type": "IMAGE_REPORT_TEMPLATE",
        "dcterms.language": "en",
        "dcterms.license": "Apache-2.0",
    }
    for name, content in words.items():
        yield f'<meta name="{name}" content="{escape(content)}">'


def _section(key: str, name: str, inside: str) -> tuple[str, ...]:
    return (
        f'<section id="{key}" data-section-name="{escape(name)}">',
        f'<header class="level1">{escape(name)}</header>',
        inside.rstrip("\n"),
        "</section>",
    )


def _level_row(row: str, fields: Iterable[Field]) -> Iterator[str]:
    yield _text(f"{row}.level", "Level", "", required=True)
    for field in fields:
        yield _select(row, field)
    yield _text(f"{row}.treated", "Treated", "")


def _text(key: str, name: str, value: str, *, required: bool = False) -> str:
    return (
        f'<p><label for="{key}">{escape(name)}</label>'
        f'<input type="text" id="{key}" name="{escape(name)}" value="{escape(value)}"{_asked(required)}></p>\n'
    )


def _asked(required: bool) -> str:
    """MRRT's word for what a creator does when a field is still empty at the end."""
    return f' data-field-completion-action="{"ALERT" if required else "NONE"}"'


def _select(row: str, field: Field) -> str:
    options = "".join(
        f'<option id="{row}.{field.key}.{choice.word}" value="{escape(choice.shown)}"'
        f"{' selected' if choice.word == field.normal else ''}>{escape(choice.shown)}</option>"
        for choice in offered(field)
    )
    blank = "" if field.normal else '<option value="" selected></option>'
    required = field.key in ("escc", "below_conus")
    return (
        f'<p><label for="{row}.{field.key}">{escape(field.label)}</label>'
        f'<select id="{row}.{field.key}" name="{escape(field.label)}" data-field-type="SELECTION_LIST"'
        f"{_asked(required)}>{blank}{options}</select></p>\n"
    )


def _coded_content() -> Iterator[str]:
    yield "<template_attributes><template-version>1</template-version><coded_content>"
    for row, fields in (("cord", CORD_ROW), ("below", BELOW_ROW)):
        for field in fields:
            yield _entry(f"{row}.{field.key}", (Coding(OWN, field.key, field.label),))
            for choice in offered(field):
                yield _entry(f"{row}.{field.key}.{choice.word}", codings_of(field.key, choice.word))
    yield "</coded_content></template_attributes>"


def _entry(origin: str, codings: Iterable[Coding]) -> str:
    terms = "".join(
        f'<term><code meaning="{escape(one.display)}" value="{escape(one.code)}" scheme="{escape(one.system)}"/></term>'
        for one in codings
    )
    return f'<entry ORIGTXT="{escape(origin)}">{terms}</entry>'

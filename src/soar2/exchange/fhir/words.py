"""The words of a DiagnosticReport, wherever its sender put them. Pure.

Order: presentedForm as text, as RTF, as HTML; else the text of its Observations; the conclusion where neither
holds it; the narrative as the last resort. A PDF is noted for a person to open.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterator

from striprtf.striprtf import rtf_to_text

from soar2.exchange.fhir.narrative import lines_of
from soar2.exchange.fhir.outcome import refuse
from soar2.exchange.fhir.references import Json, Message, Placed
from soar2.exchange.hl7v2.charsets import codec_for
from soar2.exchange.hl7v2.report_text import ReportText
from soar2.exchange.hl7v2.types import Attachment

WRONG = frozenset({"cancelled", "entered-in-error"})
PLAIN, RTF, HTML = ("text/plain",), ("text/rtf", "application/rtf"), ("text/html", "application/xhtml+xml")
_LINE_END = re.compile(r"[ \t]*(?:\r\n?|\n)")
NO_RTF = "The RTF of this attachment cannot be read."


def read_words(report: Placed, message: Message) -> ReportText:
    """The report's text with the place each stretch came from. Raises Refusal for a broken attachment."""
    found = ReportText()
    forms = list(_forms(report))
    for kinds, reader in ((PLAIN, str), (RTF, _rich), (HTML, lines_of)):
        if found.empty:
            _add_forms(found, forms, kinds, reader)
    for place, media, _ in forms:
        if media not in PLAIN + RTF + HTML:
            found.attachments.append(Attachment(place, "ED", media))
            found.note("document", "A document came with the report; it is not text and was not read.")
    if found.empty:
        _add_observations(found, report, message)
        _add(found, report.resource.get("conclusion", ""), f"{report.where}.conclusion")
    if found.empty:
        narrative = report.resource.get("text", {}).get("div", "")
        _add(found, lines_of(narrative), f"{report.where}.text.div")
    return found


def _forms(report: Placed) -> Iterator[tuple[str, str, Json]]:
    for number, form in enumerate(report.resource.get("presentedForm", ())):
        media = form.get("contentType", "").split(";")[0].strip().lower()
        if "data" not in form:
            media = media if media not in PLAIN + RTF + HTML else "elsewhere"  # only its address was sent
        yield f"{report.where}.presentedForm[{number}]", media or "unknown", form


def _add_forms(
    found: ReportText,
    forms: list[tuple[str, str, Json]],
    kinds: tuple[str, ...],
    reader: Callable[[str], str],
) -> None:
    for place, media, form in forms:
        if media in kinds:
            text = _decoded(_data(form, place), form, place, found)
            _add(found, _read(reader, text, place), f"{place}.data")


def _read(reader: Callable[[str], str], text: str, place: str) -> str:
    try:
        return reader(text)
    except Exception as fault:  # a library's parser may fail in its own ways on a sender's bytes
        raise refuse("invalid", NO_RTF, f"{place}.data") from fault


def _rich(text: str) -> str:
    return str(rtf_to_text(text, errors="replace"))


def _data(form: Json, place: str) -> bytes:
    """The bytes of an attachment, whole: one cut short could lack the line that matters."""
    try:
        data = base64.b64decode("".join(form["data"].split()), validate=True)
    except (binascii.Error, ValueError):
        raise refuse("value", "This is not base64.", f"{place}.data") from None
    if "size" in form and form["size"] != len(data):
        raise refuse("invalid", "The data has another size than is stated beside it.", f"{place}.size")
    stated = form.get("hash")
    if stated and stated != base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode():
        raise refuse("invalid", "The data has another SHA-1 hash than is stated beside it.", f"{place}.hash")
    return data


def _decoded(data: bytes, form: Json, place: str, found: ReportText) -> str:
    """The characters of the data: the stated set, else UTF-8, at last Latin-1, each step away noted."""
    stated = _charset(form.get("contentType", ""))
    wanted = codec_for(stated) if stated else "utf-8"
    if wanted is None:
        found.note("charset", f"{place}.contentType names a character set that is not known.")
    for codec in dict.fromkeys((wanted or "utf-8", "utf-8")):
        try:
            text = data.decode(codec)
        except UnicodeError:
            found.note("charset", f"The bytes of {place}.data are not {codec}.")
        else:
            return text.removeprefix("\ufeff").replace("\0", "")
    return data.decode("latin-1").replace("\0", "")


def _charset(media: str) -> str:
    for part in media.split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"')
    return ""


def _add_observations(found: ReportText, report: Placed, message: Message) -> None:
    """Observations that are text, as a converter from HL7 v2 makes them of OBX lines."""
    for _, target in message.find_all(report.resource.get("result"), report):
        if target is None or target.kind != "Observation":
            continue
        if target.resource.get("status") in WRONG:
            found.note("withdrawn", "Observations that were cancelled or entered in error were left out.")
        else:
            _add(found, target.resource.get("valueString", ""), f"{target.where}.valueString")


def _add(found: ReportText, words: str, where: str) -> None:
    """One stretch, unless the report has these words already."""
    lines = _LINE_END.sub("\n", words).strip("\n") if "\r" in words or " \n" in words else words.strip("\n")
    if lines.strip() and (not found.lines or lines.strip() not in found.text):
        found.add(lines.rstrip(), where, "")

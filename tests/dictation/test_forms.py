"""One definition, many templates: each is read back by a reader that knows nothing of what wrote it."""

import csv
import io
import json
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import fhirkit
import pytest
from fhir.resources.R4B.questionnaire import Questionnaire

from soar2 import cli
from soar2.dictation.codes import value_of
from soar2.dictation.forms import FORMS
from soar2.dictation.reading import read_report
from soar2.dictation.template import BELOW_ROW, CORD_ROW, offered

#: What every template must offer: label -> shown choices in order, for a level with cord and one below the conus.
CORD = {field.label: [choice.shown for choice in offered(field)] for field in CORD_ROW}
BELOW = {field.label: [choice.shown for choice in offered(field)] for field in BELOW_ROW}
NORMAL = {"Cord signal": "normal", "Alignment": "normal", "Collapse": "none", "Posterolateral": "none"}


def printed(form, capsys):
    assert cli.main(["template", "--format", form]) == 0
    return capsys.readouterr().out


def test_the_command_offers_each_form():
    assert tuple(FORMS) == cli.FORMS


def test_plain_text_has_every_field_with_its_choices(capsys):
    rows = [line for line in printed("text", capsys).splitlines() if line.startswith("Level [")]
    read = [
        {
            found[1]: found[2].split("|")
            for part in row.split(" | ")[1:]
            if (found := re.match(r"(.+?) \[(.*)\]$", part))
        }
        for row in rows
    ]
    assert read == [CORD, BELOW]


def test_autotext_and_its_custom_fields_fit_each_other(capsys):
    texts = dict(re.findall(r"^AutoText: (.+)\n((?:.+\n)+)", printed("powerscribe", capsys), re.M))
    fields = {row["name"]: row for row in csv.DictReader(io.StringIO(printed("powerscribe-fields", capsys)))}

    def row(name):
        found = re.findall(r"\| ([^\[|]+) \[([^\]]+)\]", texts[name])
        assert [label for label, _ in found] == [token for _, token in found]
        return {token: fields[token]["choices"].split("|") for _, token in found}

    assert row("Spine oncology level") == CORD
    assert row("Spine oncology level below conus") == BELOW
    used = {token for text in texts.values() for token in re.findall(r"\[([^\]]+)\]", text)}
    assert used | {"Treated"} == set(fields)  # Treated is added where it applies
    assert {
        name: one["default"] for name, one in fields.items() if one["type"] == "pick list" and one["default"]
    } == NORMAL
    assert {name for name, one in fields.items() if one["required"] == "yes"} == {
        "Level",
        "ESCC",
        "Below conus",
    }
    assert len({one["export"] for one in fields.values()}) == len(fields)


def test_autotext_filled_in_by_a_person_is_read(capsys):
    texts = dict(re.findall(r"^AutoText: (.+)\n((?:.+\n)+)", printed("powerscribe", capsys), re.M))
    said = {"Level": "T8", "ESCC": "1c", "Lesion": "lytic", "Collapse": ">50%", "Posterolateral": "bilateral"}
    said |= {"Cord signal": "normal", "Alignment": "normal", "Status": "progressed"}
    row = re.sub(r"\[([^\]]+)\]", lambda found: said[found[1]], texts["Spine oncology level"])
    frame = (
        texts["Spine oncology macro"]
        .replace("[Conus]", "L1")
        .replace("[Numbering]", "7 cervical, 12 rib-bearing, 5 lumbar")
    )
    head, _, tail = frame.replace("[Other levels]", "no epidural disease").partition("Other levels")
    reading = read_report(head + row + "Other levels" + tail)
    (level,) = reading.levels
    assert (level.level, level.escc, level.collapse, level.posterolateral) == (
        "T8",
        "1c",
        "gt50",
        "bilateral",
    )
    assert reading.lane == "urgent"


class Page(HTMLParser):
    """The selection lists and text fields of an HTML page by id, its options' ids, its embedded XML."""

    def __init__(self, text):
        super().__init__()
        self.lists, self.texts, self.options, self.metas, self.sections, self.xml = {}, {}, {}, {}, [], ""
        self._list, self._script = None, False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "select":
            self._list = self.lists.setdefault(
                given["id"], {"name": given["name"], "options": [], "chosen": None}
            )
            self._list["ask"] = given["data-field-completion-action"]
        elif tag == "option":
            if given["value"]:
                self._list["options"].append(given["value"])
                self.options[given["id"]] = given["value"]
            if "selected" in given:
                self._list["chosen"] = given["value"]
        elif tag == "input":
            self.texts[given["id"]] = given
        elif tag == "meta" and "name" in given:
            self.metas[given["name"]] = given["content"]
        elif tag == "section":
            self.sections.append(given["data-section-name"])
        self._script = tag == "script"

    def handle_endtag(self, tag):
        self._script = self._script and tag != "script"

    def handle_data(self, data):
        if self._script:
            self.xml += data


def test_the_html_template_has_every_field_with_its_choices_and_codes(capsys):
    page = Page(printed("mrrt", capsys))
    for row, wanted in (("cord", CORD), ("below", BELOW)):
        lists = {one["name"]: one for key, one in page.lists.items() if key.startswith(f"{row}.")}
        assert {name: one["options"] for name, one in lists.items()} == wanted
        assert {name: one["chosen"] for name, one in lists.items() if one["chosen"]} == {
            name: word for name, word in NORMAL.items() if name in wanted
        }
        assert {name for name, one in lists.items() if one["ask"] == "ALERT"} <= {"ESCC", "Below conus"}
        assert f"{row}.level" in page.texts
    assert page.metas["dcterms.title"] == "SPINE ONCOLOGY MACRO"
    assert page.metas["dcterms.type"] == "IMAGE_REPORT_TEMPLATE"
    entries = {entry.get("ORIGTXT"): entry for entry in ElementTree.fromstring(page.xml).iter("entry")}  # noqa: S314 - our own page
    assert set(entries) == {*page.lists, *page.options}
    for option in page.options:
        _, key, word = option.split(".", 2)
        codes = [(code.get("scheme"), code.get("value")) for code in entries[option].iter("code")]
        assert codes
        assert {value_of(*code) for code in codes} == {(key, word)}


def test_the_questionnaire_is_fhir_r4_and_has_every_field(capsys):
    text = printed("questionnaire", capsys)
    assert [fault for fault in fhirkit.validate(text) if fault.severity == "error"] == []
    form = Questionnaire.model_validate_json(text)
    (row,) = [item for item in form.item if item.type == "group"]
    assert row.repeats is True
    choices = {item.text: item for item in row.item if item.type == "choice" and item.text != "Level"}
    read = {
        name: [option.valueCoding.display for option in item.answerOption] for name, item in choices.items()
    }
    assert read == CORD | BELOW
    for item in choices.values():
        for option in item.answerOption:
            key, word = value_of(option.valueCoding.system, option.valueCoding.code)
            assert item.linkId == f"row.{key}"
            assert word
    (level,) = [item for item in row.item if item.text == "Level"]
    assert level.required is True
    assert [value_of(one.valueCoding.system, one.valueCoding.code) for one in level.answerOption] == [
        ("level", one.valueCoding.display) for one in level.answerOption
    ]


def test_the_code_system_is_fhir_r4(capsys):
    text = printed("codesystem", capsys)
    assert [fault for fault in fhirkit.validate(text) if fault.severity == "error"] == []
    assert len(json.loads(text)["concept"]) == json.loads(text)["count"]


@pytest.mark.parametrize("form", FORMS)
def test_no_form_names_a_patient_or_a_treatment(form, capsys):
    text = printed(form, capsys).casefold()
    assert not [word for word in ("radiotherapy", "surgery", "steroid", "biopsy") if word in text]

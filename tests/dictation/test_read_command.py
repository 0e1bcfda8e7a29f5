"""``soar2 read`` and ``soar2 template`` from the shell."""

import io
import json

import pytest

from soar2.dictation import template
from soar2.read_command import run_read, run_template

MACRO = "SPINE ONCOLOGY MACRO\nConus: L1.\nLevel T8 | ESCC {} | Lesion lytic | Alignment normal | Collapse none | Posterolateral none\n"
HL7 = (
    "MSH|^~\\&|RAD|HOSP|SOAR2|HOSP|20261125080000||ORU^R01|M1|P|2.5.1\r"
    "PID|1||SYN-1^^^HOSP^MR||Example^Synthetic\r"
    "OBR|1||{accession}|MRTSP^MR thoracic spine|||20261125070000|20261125072000||||||||||||||20261125075900||MR|F\r"
    "{lines}"
)


def run(paths, *, as_json=True, stdin=""):
    out, err = io.StringIO(), io.StringIO()
    source = io.StringIO(stdin) if isinstance(stdin, str) else io.BytesIO(stdin)
    code = run_read([str(path) for path in paths], as_json, source, out, err)
    return code, out.getvalue(), err.getvalue()


def hl7(accession, text):
    lines = "".join(f"OBX|{n}|TX|RPT^Report||{line}||||||F\r" for n, line in enumerate(text.splitlines(), 1))
    return HL7.format(accession=accession, lines=lines.replace(" | ", " \\F\\ "))


def test_one_object_a_file_one_a_line_in_order(tmp_path):
    paths = []
    for n, grade in enumerate(("1b", "3", "0")):
        paths.append(tmp_path / f"{n}.txt")
        paths[-1].write_text(MACRO.format(grade))
    code, out, err = run(paths)
    answers = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert [a["file"] for a in answers] == [str(p) for p in paths]
    assert [a["lane"] for a in answers] == ["expedited", "emergent", "routine"]


def test_standard_input():
    code, out, _ = run(["-"], stdin=MACRO.format("1c"))
    assert code == 0
    assert (json.loads(out)["file"], json.loads(out)["lane"]) == ("-", "urgent")
    assert json.loads(run(["-"], stdin=MACRO.format("1c").encode())[1])["lane"] == "urgent"


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_printed(tmp_path):
    good = tmp_path / "good.txt"
    good.write_text(MACRO.format("2"))
    code, out, err = run([tmp_path / "missing.txt", good])
    assert code == 1
    assert err == f"{tmp_path / 'missing.txt'} could not be read: No such file or directory.\n"
    assert [json.loads(line)["lane"] for line in out.splitlines()] == ["emergent"]


def test_a_directory_is_not_a_report(tmp_path):
    code, out, err = run([tmp_path])
    assert (code, out) == (1, "")
    assert err.endswith(".\n")


def test_free_text_is_handed_to_a_person(tmp_path):
    note = tmp_path / "note.txt"
    note.write_text("MRI spine: T8 metastasis compressing the cord.")
    answer = json.loads(run([note])[1])
    assert (answer["source"], answer["tumour"]) == ("free-text", "present")
    assert [(level["level"], level["escc_range"]) for level in answer["levels"]] == [("T8", ["2", "3"])]
    assert (answer["lane"], answer["review"]) == ("emergent", True)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
def test_accents_in_any_usual_encoding(tmp_path, encoding):
    note = tmp_path / "note.txt"
    note.write_bytes(("Müller – befundet\n" + MACRO.format("1c")).encode(encoding))
    assert json.loads(run([note])[1])["lane"] == "urgent"


def test_several_reports_in_one_text_file(tmp_path):
    note = tmp_path / "two.txt"
    note.write_text(MACRO.format("2") + "\f" + MACRO.format("0"))
    assert [json.loads(line)["lane"] for line in run([note])[1].splitlines()] == ["emergent", "routine"]


def test_two_macros_in_one_text_file_are_two_reports(tmp_path):
    first, second = MACRO.format("2"), MACRO.format("0")
    note = tmp_path / "two.txt"
    note.write_text(f"{first}\nMRI THORACIC SPINE\nHISTORY: pain.\n{second}")
    answers = [json.loads(line) for line in run([note])[1].splitlines()]
    assert [(a["lane"], a["review"]) for a in answers] == [("emergent", False), ("routine", False)]
    note.write_text(f"{first}\nIMPRESSION: see the spine oncology macro.\n")
    assert len(run([note])[1].splitlines()) == 1


@pytest.mark.parametrize("raw", [b"\x00\x01\x02\xff\x0c\x00report\x0c", b"%PDF-1.7\n\x0cpage"])
def test_what_is_no_text_is_refused_in_a_sentence(tmp_path, raw):
    scan = tmp_path / "scan.bin"
    scan.write_bytes(raw)
    assert run([scan]) == (1, "", f"{scan} could not be read: it is not a text.\n")


def test_an_empty_file_is_handed_to_a_person(tmp_path):
    note = tmp_path / "empty.txt"
    note.write_bytes(b"")
    answer = json.loads(run([note])[1])
    assert (answer["source"], answer["lane"], answer["review"]) == ("free-text", "none", True)


def test_lone_carriage_returns_end_lines_too(tmp_path):
    note = tmp_path / "old.txt"
    text = MACRO.format("2") + "Outside: abscess\nOther levels: no epidural disease.\n"
    note.write_bytes(text.replace("\n", "\r").encode())
    answer = json.loads(run([note])[1])
    assert (answer["lane"], answer["outside"]) == ("emergent", ["abscess"])


def test_one_unreadable_message_does_not_hide_the_others(tmp_path):
    path = tmp_path / "batch.hl7"
    broken = hl7("ACC1", MACRO.format("2")).replace("MR|F\r", "MR|QQ\r")
    path.write_bytes((broken + hl7("ACC2", MACRO.format("0"))).encode())
    code, out, err = run([path])
    assert [json.loads(line)["lane"] for line in out.splitlines()] == ["routine"]
    assert code == 1
    assert err.startswith(f"{path} could not be read: OBR-25")


def test_hl7_gives_the_same_findings_as_its_text(tmp_path):
    text, message = tmp_path / "a.txt", tmp_path / "a.hl7"
    text.write_text(MACRO.format("2"))
    message.write_bytes(hl7("ACC1", MACRO.format("2")).encode())
    plain, coded = (json.loads(run([path])[1]) for path in (text, message))
    assert coded["lane"] == "emergent"
    assert [lv["sins_imaging"] for lv in coded["levels"]] == [lv["sins_imaging"] for lv in plain["levels"]]


def test_several_messages_in_one_file_give_one_object_each(tmp_path):
    path = tmp_path / "batch.hl7"
    path.write_bytes((hl7("ACC1", MACRO.format("2")) + hl7("ACC2", MACRO.format("0"))).encode())
    assert [json.loads(line)["lane"] for line in run([path])[1].splitlines()] == ["emergent", "routine"]


def test_for_people_it_is_a_calm_summary(tmp_path):
    note = tmp_path / "note.txt"
    note.write_text(
        "Numbering: 7 cervical, 12 rib-bearing, 6 lumbar.\n" + MACRO.format("1c") + "Outside: abscess\n"
    )
    _, out, _ = run([note], as_json=False)
    assert out.splitlines()[0] == f"{note}: urgent, a person should look"
    assert "T8: epidural tumour touches the cord (ESCC 1c)." in out
    assert "Outside this programme: abscess" in out
    assert "not the published" in out


def test_template_as_text():
    out = io.StringIO()
    assert run_template("text", out) == 0
    assert out.getvalue() == template.as_text()
    assert out.getvalue().startswith("SPINE ONCOLOGY MACRO\n")
    assert run_template("klingon", io.StringIO()) == 2

"""Character sets: what the bytes mean, and a note whenever that was a guess."""

import pytest

from soar2.exchange.hl7v2.charsets import codec_for, declared_names
from soar2.exchange.hl7v2.message import parse

NAME = "Müller-Ångström"


def message(name_bytes, charset=""):
    head = b"MSH|^~\\&|RIS|DEMO|||20260310||ORU^R01|C1|P|2.5.1||||||" + charset.encode()
    return head + b"\rPID|1||4||" + name_bytes + b"^X\r"


@pytest.mark.parametrize(
    ("declared", "default", "codec", "read_as", "noted"),
    [
        ("UNICODE UTF-8", None, "utf-8", "utf-8", False),
        ("UTF-8", None, "utf-8", "utf-8", False),
        ("8859/1", None, "iso8859-1", "iso8859-1", False),
        ("8859/15", None, "iso8859-15", "iso8859-15", False),
        ("ISO-8859-1", None, "iso8859-1", "iso8859-1", False),
        ("WINDOWS-1252", None, "cp1252", "cp1252", False),
        ("8859/1~UNICODE UTF-8", None, "iso8859-1", "iso8859-1", False),
        ("", None, "utf-8", "utf-8", False),
        ("", "8859/1", "iso8859-1", "iso8859-1", False),
        ("UNICODE UTF-8", "8859/1", "utf-8", "utf-8", False),
        ("", None, "iso8859-1", "latin-1", True),
        ("UNICODE UTF-8", None, "iso8859-1", "latin-1", True),
        ("ASCII", None, "utf-8", "utf-8", True),
        ("ASCII", None, "iso8859-1", "latin-1", True),
        ("KLINGON", None, "utf-8", "utf-8", True),
        ("UNICODE UTF-16", None, "utf-8", "utf-8", True),
        ("", "UNICODE UTF-16", "utf-8", "utf-8", False),
    ],
)
def test_the_name_survives_and_guesses_are_noted(declared, default, codec, read_as, noted):
    read = parse(message(NAME.encode(codec), declared), default)

    assert read.value("PID-5.1") == NAME
    assert read.charset == read_as
    assert read.charset_declared == declared
    assert any(note.kind == "charset" for note in read.notes) == noted


@pytest.mark.parametrize(
    ("declared", "codec", "name"),
    [
        ("8859/5", "iso8859-5", "Иванова"),
        ("8859/7", "iso8859-7", "Παπαδάκη"),
        ("8859/2", "iso8859-2", "Łukasz"),
        ("GB 18030-2000", "gb18030", "王小明"),
        ("BIG-5", "big5", "許功蓋"),
        ("KS X 1001", "euc_kr", "김철수"),
        ("ASCII~ISO IR87", "iso2022_jp_2", "山田"),
    ],
)
def test_other_alphabets(declared, codec, name):
    """Big5 has characters whose second byte is a backslash or a bar: decoding comes before cutting."""
    assert parse(message(name.encode(codec), declared)).value("PID-5.1") == name


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "utf-8-sig"])
def test_wide_characters_and_marks(codec):
    text = message(NAME.encode(), "UNICODE").decode()
    raw = text.encode(codec)
    read = parse(raw)

    assert read.value("PID-5.1") == NAME
    span = read.position("PID-5.1")
    assert raw[span.first_byte : span.end_byte].decode(read.charset) == NAME


def test_utf8_bytes_under_a_latin1_flag_look_suspicious():
    read = parse(message(NAME.encode(), "8859/1"))

    assert read.value("PID-5.1") != NAME
    assert any("look like UTF-8" in note.words for note in read.notes)


def test_plain_ascii_needs_no_note_whatever_is_declared():
    for declared in ("", "ASCII", "8859/1", "UNICODE UTF-8"):
        assert parse(message(b"Quill", declared)).notes == ()


def test_a_broken_mark_falls_back():
    read = parse(b"\xef\xbb\xbf" + message(b"\xff", ""))

    assert {note.kind for note in read.notes} == {"bom", "charset"}
    assert read.value("PID-5.1") == "ÿ"


def test_names_of_sets():
    assert codec_for("iso ir6") == "ascii"
    assert codec_for("klingon") is None
    assert declared_names(b"nothing here") == ""

"""The tokenizer: odd bytes in, the sender's own words out, every part with its place."""

import pytest

from soar2.errors import Unreadable
from soar2.exchange.hl7v2.message import Delimiters, Span, parse, parse_header, split_batch

HEADER = b"MSH|^~\\&|RIS|DEMO|SOAR2|DEMO|20260310140512-0400||ORU^R01|C1|P|2.5.1"
PID = b"PID|1||44^^^DEMO&1.2.3&ISO^MR~77^^^ELSE^PI||Quill^Rosa"


def kinds(message):
    return {note.kind for note in message.notes}


def test_fields_components_subcomponents_and_repetitions():
    pid = parse(HEADER + b"\r" + PID + b"\r").first("PID")

    assert pid[5] == "Quill^Rosa"
    assert pid.component(5, 2) == "Rosa"
    assert pid.component(3, 4) == "DEMO&1.2.3&ISO"
    assert pid.component(3, 4, sub=2) == "1.2.3"
    assert pid.component(3, 1, rep=2) == "77"
    assert pid.repetitions(3) == ("44^^^DEMO&1.2.3&ISO^MR", "77^^^ELSE^PI")
    assert pid.components(5) == ("Quill", "Rosa")
    assert [pid[99], pid.component(3, 9), pid.component(3, 1, rep=3), pid.component(3, 1, sub=2)] == [""] * 4
    assert pid.repetitions(99) == ()
    assert len(pid) == 5


def test_the_header_counts_its_delimiter_as_field_one():
    header = parse(HEADER).header

    assert [header[1], header[2], header[3], header[10]] == ["|", "^~\\&", "RIS", "C1"]
    assert header.component(2) == "^~\\&"
    assert header.repetitions(2) == ("^~\\&",)
    assert header.component(9, 2) == "R01"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("MSH", HEADER.decode()),
        ("MSH-1", "|"),
        ("MSH-2", "^~\\&"),
        ("MSH-3", "RIS"),
        ("MSH-12", "2.5.1"),
        ("PID-3", "44^^^DEMO&1.2.3&ISO^MR~77^^^ELSE^PI"),
        ("PID-3[2]", "77^^^ELSE^PI"),
        ("PID-3[2].4", "ELSE"),
        ("PID-3.4.2", "1.2.3"),
        ("PID-5.2", "Rosa"),
        ("OBX[2]-5", "zwölf µm"),
    ],
)
def test_every_place_has_its_span_in_characters_and_bytes(path, text):
    raw = HEADER + b"\r" + PID + "\rOBX|1|TX|||Grüße\rOBX|2|TX|||zwölf µm||||||F\r".encode()
    message = parse(raw)

    span = message.position(path)

    assert message.text[span.start : span.end] == text
    assert raw[span.first_byte : span.end_byte].decode() == text
    assert message.value(path) == text


@pytest.mark.parametrize(
    "path", ["PID-30", "PID-3[3]", "PID-3.9", "PID-3.1.2", "ZZZ-1", "PID[2]-3", "PID[0]-3"]
)
def test_an_absent_place_has_no_span_and_no_text(path):
    message = parse(HEADER + b"\r" + PID)

    assert message.position(path) is None
    assert message.value(path) == ""


def test_a_path_that_is_none_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="not a place"):
        parse(HEADER).position("PID.3")


@pytest.mark.parametrize(
    ("end", "noted"),
    [(b"\r", set()), (b"\n", {"line-ends"}), (b"\r\n", {"line-ends"}), (b"\r\r", set())],
)
def test_segments_may_end_in_any_line_end(end, noted):
    message = parse(end.join([HEADER, PID, b"PV1|1|O", b""]))

    assert [segment.name for segment in message.segments()] == ["MSH", "PID", "PV1"]
    assert message.first("PV1")[2] == "O"
    assert kinds(message) == noted


@pytest.mark.parametrize("marks", ["|^~\\&", "#@!%$", "^|~\\&", "*:;/,", "|^~\\&#"])
def test_any_legal_delimiters(marks):
    field, component, repetition, escape, sub = marks[:5]
    text = f"MSH{marks}{field}RIS{field}DEMO\rPID{field}1{field}{field}4{sub}5{component}6{repetition}7{field}{escape}F{escape}"
    pid = parse(text.encode()).first("PID")

    assert pid.component(3, 1, sub=2) == "5"
    assert pid.component(3, 2) == "6"
    assert pid.component(3, 1, rep=2) == "7"
    assert pid[4] == field


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ("", Delimiters("|", "^", "~", "\\", "&")),
        ("^", Delimiters("|", "^", " ", " ", " ")),
        ("^~", Delimiters("|", "^", "~", " ", " ")),
    ],
)
def test_missing_delimiters_are_not_invented_unless_all_are_missing(second, expected):
    message = parse(f"MSH|{second}|RIS\rPID|1||a^b~c\\F\\&d".encode())

    assert message.delimiters == expected
    assert ("delimiters" in kinds(message)) == (second == "")
    assert message.first("PID").component(3) == "a"


def test_an_escape_character_written_twice_is_read_as_one():
    """As it stands in a program's source; a report behind it is still a report."""
    message = parse(b"MSH|^~\\\\&|RIS|DEMO\rOBX|1|TX|||one \\T\\ two")

    assert message.delimiters == Delimiters()
    assert "delimiters" in kinds(message)
    assert message.value("MSH-3") == "RIS"
    assert message.value("OBX-5") == "one & two"


def test_without_an_escape_character_backslashes_are_text():
    pid = parse(b"MSH|^~|RIS\rPID|1||a\\F\\b~c").first("PID")

    assert pid.repetitions(3) == ("a\\F\\b", "c")


@pytest.mark.parametrize(
    ("raw", "where"),
    [
        (b"", "MSH"),
        (b"PID|1||44", "MSH"),
        (b"MSH", "MSH"),
        (b"MSHA^~\\&|RIS", "MSH"),
        (b"MSH |^~\\&|RIS", "MSH"),
        (b"\x00\xff\xfe", "MSH"),
        (b"MSH|^^\\&|RIS", "MSH-2"),
        (b"MSH|ABCD|RIS", "MSH-2"),
        (HEADER + b"\r" + PID + b"\r" + HEADER + b"\r" + PID, "MSH"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(raw, where):
    with pytest.raises(Unreadable) as refused:
        parse(raw)

    assert refused.value.where == where
    assert refused.value.reason.endswith(".")


def test_a_mark_before_the_message_shifts_the_bytes_but_not_the_words():
    raw = b"\xef\xbb\xbf" + HEADER + b"\r" + PID
    message = parse(raw)

    assert kinds(message) == {"bom"}
    assert message.position("MSH-3") == Span(9, 12, 12, 15)
    assert raw[12:15] == b"RIS"


def test_nuls_are_taken_out_of_the_words_and_kept_in_the_bytes():
    message = parse(HEADER + b"\r\x00PID|1||4\x004^^^DEMO^MR\x00\x00\r\x00")

    assert message.value("PID-3.1") == "44"
    assert message.value("PID-3.5") == "MR"
    assert "nul" in kinds(message)
    assert b"\x00" in message.raw


def test_a_batch_wrapper_around_one_message_is_seen_through():
    raw = b"FHS|^~\\&|X\rBHS|^~\\&|X\r" + HEADER + b"\r" + PID + b"\rBTS|1\rFTS|1\r"
    message = parse(raw)

    assert [segment.name for segment in message.segments()] == ["MSH", "PID"]
    assert kinds(message) == {"batch"}


def test_a_batch_of_several_is_cut_into_its_messages():
    raw = b"FHS|^~\\&|X\rBHS|^~\\&|X\r" + HEADER + b"\r" + PID + b"\r" + HEADER + b"\rPID|2\rBTS|2\rFTS|1\r"

    first, second = split_batch(raw)

    assert parse(first).value("PID-1") == "1"
    assert parse(second).value("PID-1") == "2"
    assert kinds(parse(second)) == set()
    assert split_batch(HEADER) == (HEADER,)


@pytest.mark.parametrize("before", [b"garbage\r", b"garbage ", b"\x0b", b"\r\n\r\n", b"  "])
def test_bytes_before_the_message_are_tolerated_and_noted(before):
    message = parse(before + HEADER + b"\r" + PID)

    assert message.value("PID-5.1") == "Quill"
    assert ("noise" in kinds(message)) == (b"garbage" in before)


def test_trailing_junk_is_set_aside_where_it_cannot_be_report_text():
    message = parse(HEADER + b"\r" + PID + b"\rOBX|1|TX|||Words||||||F\r<<< end of file >>>\r\x1c")

    assert message.value("OBX-11") == "F"
    assert [message.text[start:end] for start, end in message.ignored] == ["<<< end of file >>>"]
    assert kinds(message) == {"noise"}


def test_line_ends_inside_a_text_field_stay_in_the_report():
    """Dropping such lines could drop the grade, so they are joined while the text field is still open."""
    raw = HEADER + b"\r" + PID + b"\rOBX|1|TX|||First\nMRI\nESCC 2 at T8\r\nlast||||||F\rPV2|x"
    message = parse(raw)

    assert message.value("OBX-5") == "First\nMRI\nESCC 2 at T8\r\nlast"
    assert message.value("OBX-11") == "F"
    assert message.value("PV2-1") == "x"
    assert "continuation" in kinds(message)


@pytest.mark.parametrize(
    "line",
    [
        b"OBX|1|TX|||Words||||||FOBX|2|TX|||more||||||F",
        b"PV1|1|O OBR|1|P|F",
        b"OBR|1|2|3|4||||||||||||||||||||||PID|1||55",
        b"PV1|1|O|ORC|RE|1",
    ],
)
def test_two_segments_on_one_line_are_noticed(line):
    assert "run-together" in kinds(parse(HEADER + b"\r" + PID + b"\r" + line + b"\r"))


@pytest.mark.parametrize(
    "line",
    [b"PID|1||4||ALIGHIERI^DANTE|19600101|1965", b"OBX|1|TX|RAPID|1|x", b"NTE|1||See PID| for more"],
)
def test_words_that_only_look_like_segments_are_left_alone(line):
    assert "run-together" not in kinds(parse(HEADER + b"\r" + line + b"\r"))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"T8 \F\ ESCC 1c", "T8 | ESCC 1c"),
        (r"a\S\b\T\c\R\d\E\e", "a^b&c~d\\e"),
        (r"one\.br\two\.sp2\three", "one\ntwo\n\nthree"),
        (r"\H\bold\N\ \.in+4\in\.ti-2\dent\.fi\\.nf\ ", "bold indent "),
        (r"a\.sk3\b", "a   b"),
        (r"\X48\\X656C6C6F\ \xE2\x89\xA5\x", r"Hello \xE2\x89\xA5\x"),
        (r"\XE289A5\4 mm", "≥4 mm"),
        (r"\XF6\ (not UTF-8)", "ö (not UTF-8)"),
        (r"\X123\ odd digits", r"\X123\ odd digits"),
        (r"\X00\NUL", "NUL"),
        (r"50\ percent \.br\ next", "50\\ percent \n next"),
        (r"\E\.br\E\ ", "\\.br\\ "),
        (r"\E\F\E\ ", "\\F\\ "),
        (r"open \F", r"open \F"),
        (r"\ ", "\\ "),
        (r"\\", "\\\\"),
        (r"\C2842\\M2442\x", "x"),
        (r"\Zlocal\ kept", r"\Zlocal\ kept"),
        (r"<p>\E\E\</p>", "<p>\\E\\</p>"),
        (r"\.sp999\ ", "\n" * 60 + " "),
    ],
)
def test_escapes(written, read):
    assert parse(HEADER + b"\rOBX|1|TX|||" + written.encode()).value("OBX-5") == read


def test_the_null_value_reads_as_empty():
    pid = parse(HEADER + b'\rPID|1||""^^^DEMO||""').first("PID")

    assert pid[5] == pid.component(5) == pid.component(3) == ""
    assert pid.raw(5) == '""'


@pytest.mark.parametrize("raw", [b"MSH|ABCD|RIS|X|||||ORU|C7|P", HEADER + b"\r" + HEADER])
def test_the_header_alone_can_be_read_from_a_broken_message(raw):
    assert parse_header(raw).header.raw(10) in ("C7", "C1")

"""``soar2 send`` against a real listener, and against receivers that answer badly."""

import io
import socket
import threading
from datetime import UTC, datetime

import hl7
import pytest

from soar2.errors import Unreadable
from soar2.exchange.hl7v2.acknowledge import verdict
from soar2.exchange.mllp import Frame, Framer, frame
from soar2.exchange.send import Client, NoAnswer, messages_of, read_answer, report_message, run_send, wrap

NOW = datetime(2026, 3, 10, 18, 5, tzinfo=UTC)
MACRO = """SPINE ONCOLOGY MACRO
Numbering: 7 cervical, 12 rib-bearing, 5 lumbar. Conus: L1.
Level T8 | ESCC 1c | Cord signal normal | Lesion lytic | Alignment normal | Collapse >50%
Other levels: no epidural disease. A ^ B & C ~ D \\ E
"""


def send(port, *paths, **options):
    out, complaints = io.StringIO(), io.StringIO()
    status = run_send(
        [str(path) for path in paths], "127.0.0.1", port, stdout=out, stderr=complaints, **options
    )
    return status, out.getvalue().splitlines(), complaints.getvalue()


class Receiver:
    """A server that does with each message what the next of ``deeds`` says: answer bytes, or hang up."""

    def __init__(self, *deeds: bytes | None):
        self.received: list[bytes] = []
        self._deeds = list(deeds)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while self._deeds:
            link, _ = self._server.accept()
            with link:
                self._serve(link)

    def _serve(self, link: socket.socket) -> None:
        framer = Framer()
        while self._deeds and (data := link.recv(65536)):
            for event in framer.feed(data):
                assert isinstance(event, Frame)
                self.received.append(event.content)
                deed = self._deeds.pop(0)
                if deed is None:
                    return
                link.sendall(deed)

    def __enter__(self) -> "Receiver":
        return self

    def __exit__(self, *_: object) -> None:
        self._deeds = []
        self._thread.join(10)
        self._server.close()


def ack(code: str, control_id: str) -> bytes:
    return frame(f"MSH|^~\\&|A|B|C|D|20260310||ACK|1|P|2.5.1\rMSA|{code}|{control_id}\r".encode())


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r", b"\r\r\n"], ids=["LF", "CRLF", "CR", "CRCRLF"])
def test_a_file_with_several_messages_is_sent_message_by_message(database, listener, oru, tmp_path, line_end):
    path = tmp_path / "day.hl7"
    sent = [oru("A1"), oru("A2"), oru("A3", type="ADT^A08")]
    path.write_bytes(b"\xef\xbb\xbf" + b"".join(sent).replace(b"\r", line_end))
    status, lines, _ = send(listener.port, path)
    assert status == 1  # the third is refused
    assert [line.split()[:2] for line in lines] == [["A1", "AA"], ["A2", "AA"], ["A3", "AR"]]
    assert lines[2].endswith("Only ORU^R01 results are taken here.")
    assert [raw for (raw,) in database.inbox("raw")] == sent


def test_all_accepted_is_success_and_standard_input_is_a_file_too(
    database, listener, oru, tmp_path, monkeypatch
):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(oru("B1"))))
    assert send(listener.port, "-")[0] == 0
    assert database.inbox("control_id") == [("B1",)]


def test_a_bare_report_is_refused_with_a_sentence_or_wrapped(database, listener, tmp_path):
    path = tmp_path / "macro.txt"
    path.write_text(MACRO)
    status, lines, complaints = send(listener.port, path)
    assert (status, lines) == (1, [])
    assert "no HL7 message" in complaints
    assert "--as-report" in complaints
    status, lines, _ = send(listener.port, path, as_report=True, now=NOW)
    assert (status, lines[0].split()[1]) == (0, "AA")
    assert database.inbox("state") == [("stored",)]


def test_a_wrapped_report_says_its_text_exactly_to_an_independent_parser():
    raw = report_message(MACRO.encode(), now=NOW)
    assert verdict(raw).code == "AA"
    read = hl7.parse(raw.decode())
    lines = [read.unescape(str(segment[5])) for segment in read.segments("OBX")]
    assert lines == MACRO.strip().split("\n")
    assert str(read.segment("PID")[3]).split("^")[3] == "DEMO"
    assert [str(read.segment("OBR")[n]) for n in (8, 22, 25)] == ["20260310180500+0000"] * 2 + ["F"]


def test_the_same_text_is_the_same_patient_and_exam_and_another_text_another():
    def of(text, now=NOW):
        read = hl7.parse(report_message(text.encode(), now=now).decode())
        return str(read.segment("PID")[3]), str(read.segment("OBR")[3])

    later = NOW.replace(hour=20)
    assert of(MACRO) == of(MACRO, later)
    assert of(MACRO)[0] != of(MACRO + "x")[0]
    assert of(MACRO)[1] != of(MACRO + "x")[1]


def test_names_with_delimiters_stay_names():
    raw = wrap("Text.", now=NOW, mrn="1|2", family="O^Neill & Co", given="A~B", accession="X", control_id="Y")
    read = hl7.parse(raw.decode())
    assert read.unescape(str(read.segment("PID")[5][0][0])) == "O^Neill & Co"
    assert read.unescape(str(read.segment("PID")[3][0][0])) == "1|2"


def test_an_hl7_file_is_not_wrapped_as_a_report(oru):
    with pytest.raises(Unreadable):
        report_message(oru("W1"), now=NOW)


def test_a_missing_answer_means_the_same_message_again(oru, tmp_path):
    path = tmp_path / "one.hl7"
    path.write_bytes(oru("R1"))
    with Receiver(None, None, ack("AA", "R1")) as receiver:
        status, lines, complaints = send(receiver.port, path)
    assert status == 0
    assert receiver.received == [oru("R1")] * 3
    assert complaints.count("sending it again") == 2
    assert lines[0].startswith("R1 AA ")


def test_giving_up_is_said_and_fails(oru, tmp_path):
    path = tmp_path / "one.hl7"
    path.write_bytes(oru("G1"))
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    status, lines, complaints = send(port, path, attempts=2)
    assert (status, lines) == (1, [])
    assert complaints.splitlines()[-1] == "G1: nobody listens there; given up."


def test_a_missing_file_does_not_keep_back_the_others(database, listener, oru, tmp_path):
    path = tmp_path / "good.hl7"
    path.write_bytes(oru("F1"))
    status, lines, complaints = send(listener.port, tmp_path / "missing.hl7", path)
    assert status == 1
    assert "missing.hl7: No such file" in complaints
    assert lines[0].startswith("F1 AA")


def test_a_client_connects_again_after_the_receiver_hung_up(oru):
    with (
        Receiver(ack("AA", "1"), None, ack("AA", "3")) as receiver,
        Client("127.0.0.1", receiver.port) as client,
    ):
        assert read_answer(client.send(oru("1"))).code == "AA"
        with pytest.raises(NoAnswer):
            client.send(oru("2"))
        assert read_answer(client.send(oru("3"))).code == "AA"


def test_a_receiver_that_stays_silent_is_not_waited_for_for_ever(oru):
    with Receiver(b"", ack("AA", "1")) as receiver, Client("127.0.0.1", receiver.port, 0.3) as client:
        with pytest.raises(NoAnswer, match="no answer in time"):
            client.send(oru("1"))
        assert read_answer(client.send(oru("1"))).code == "AA"


def test_an_answer_that_is_none_is_said_to_be_none():
    assert read_answer(b"garbage").code == "?"
    assert read_answer(b"MSH|^~\\&|A\rPID|1\r").code == "?"


def test_a_file_without_a_message_is_refused():
    with pytest.raises(Unreadable):
        messages_of(b"PID|1\rOBX|1\r")

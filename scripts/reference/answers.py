"""docs/reference/hl7-answers.md: what the listener answers, found by asking it."""

from datetime import UTC, datetime

from reference.tables import table

from soar2.exchange.arrival import clashing, received, too_large
from soar2.exchange.connection import Limits
from soar2.exchange.hl7v2.acknowledge import verdict
from soar2.exchange.mllp import LIMIT

MESSAGE = "\r".join(
    (
        r"MSH|^~\&|RIS|HOSPITAL|SOAR2|HOSPITAL|20260310140512-0400||ORU^R01^ORU_R01|1001|P|2.5.1",
        "PID|1||4711^^^HOSPITAL^MR||Sample^Synthetic",
        "OBR|1||A-1|24981-3^MR Thoracic spine^LN|||202603101215|202603101240|"
        + "|" * 13
        + "202603101405|||F",
        "OBX|1|TX|24981-3^MR Thoracic spine^LN|1|No metastasis.||||||F",
        "",
    )
)
NOW = datetime(2026, 3, 10, 14, 5, tzinfo=UTC)
OBX = MESSAGE.split("\r")[3]
CASES = (
    ("a result in order", "", ""),
    ("no PID segment", "PID|1||4711^^^HOSPITAL^MR||Sample^Synthetic\r", ""),
    ("PID-3 empty", "4711^^^HOSPITAL^MR", ""),
    ("no accession number in OBR-2, 3, 18, 19, 20, ORC-2, 3, IPC-1 or ZDS-1", "|A-1|", "||"),
    ("a time in OBR-7, OBR-8 or OBR-22 that is no HL7 time", "202603101240", "yesterday"),
    ("OBR-25 a status that HL7 does not know", "|||F\rOBX", "|||Q\rOBX"),
    ("OBR-25 empty, and OBX-11 does not say it either", "|||F\r" + OBX, "\r" + OBX[:-1]),
    ("no OBR segment", MESSAGE.split("\r")[2] + "\r", ""),
    ("no OBX and no NTE segment", OBX + "\r", ""),
    ("no control id (MSH-10)", "|1001|", "||"),
    ("two segments on one line", "|||F\rOBX", "|||FOBX"),
    ("a part of a longer message (DSC)", OBX, OBX + "\rDSC|7|F"),
    ("MSH-2 does not name different delimiters", "^~\\&", "^^^^"),
    ("another kind of message, such as ADT", "ORU^R01^ORU_R01", "ADT^A08"),
    ("no kind of message", "ORU^R01^ORU_R01", ""),
    ("ORU with another event than R01", "ORU^R01^ORU_R01", "ORU^W01"),
    ("a version other than 2.1 to 2.9", "|P|2.5.1", "|P|3.0"),
    ("a training or debugging message (MSH-11 T or D), in production", "|P|2.5.1", "|T|2.5.1"),
    ("MSH-11 not P, T or D", "|P|2.5.1", "|X|2.5.1"),
    ("several messages in one frame", OBX, OBX + "\r" + MESSAGE.split("\r")[0]),
    ("bytes that do not begin with MSH", "MSH|", "XYZ|"),
)
READ = "read; its words can open a notice; held for a person where patient or exam cannot be told"
HELD = "held for a person; nothing was read"
ENDS = {
    ("stored", "AA"): "applied, or set aside by the feed file as outside",
    ("stored", "AE"): READ,
    ("quarantined", "AE"): HELD,
    ("quarantined", "AR"): HELD,
    ("filtered", "AR"): "kept and counted as outside; nobody has to look at it",
}


def page() -> str:
    limits = Limits()
    parts = [
        "# Answers to a sender",
        "The listener takes HL7 v2 ORU^R01 over MLLP. Every message is stored, and the store is on disk, before"
        " any answer"
        " leaves. The rows below were found by sending these messages.",
        table(
            [
                "message",
                "answer",
                "words (ERR-8, before version 2.5 MSA-3)",
                "place",
                "table 0357",
                "what becomes of it",
            ],
            _rows(),
        ),
        "AA says that the message is safe and was understood. It does not say that it was a spine report: a"
        " message outside"
        " the feed file is answered AA, stored, counted as *outside*, and opens nothing. Whether a notice came"
        " of it stands on"
        " the worklist and the feed page. A report that is a document alone, such as a PDF in an ED value, is"
        " answered AA and held: a person must open it.",
        "## What a sender should do",
        table(
            ["what came", "do"],
            (
                ("AA, or CA", "nothing more"),
                (
                    "AE, or CE",
                    "do not send the same bytes again: mend the message, and send it under a new control id (MSH-10)",
                ),
                ("AR, or CR", "stop sending this kind of message here"),
                (
                    "no answer, or the connection closed",
                    "send the same bytes again, under the same control id, until an answer comes",
                ),
            ),
        ),
        "No answer means that the message is not known to be stored: the database was away for longer than"
        f" {limits.patience:.0f} seconds, or the listener stopped. That is never answered AE, since many senders"
        " then drop the message. Only a message over which the listener itself fails is answered AE (207): it is"
        " stored and held, and the messages behind it are taken.",
        "## Messages sent twice",
        "A message is known by MSH-3, MSH-4, MSH-10 and its bytes. The same again is counted and gets the same"
        " answer; it is"
        " not read a second time. A different message with a control id that was used before is answered AE,"
        " stored and held,"
        " since nobody can tell which of the two was meant. Behind that a second net compares accession, status"
        " and words of"
        " the report: the same report under another control id opens no second notice.",
        "## Enhanced mode",
        "When MSH-15 or MSH-16 is filled, the accept answer (CA, CE, CR) speaks of safe keeping only, and the"
        " application answer"
        " (AA, AE, AR) follows when MSH-16 asks for it. AL, NE, ER and SU are honoured. For AR in the table"
        " above the accept answer is CR, after which no second one follows; for a fault of MSH it is CE, for any"
        " other AE it is CA. An acknowledgement of an answer of this listener gets no answer.",
        "## Limits",
        table(
            ["limit", "value"],
            (
                ("one message", f"{limits.max_bytes // 1024 // 1024} MiB"),
                ("time for one message to arrive", f"{limits.frame_seconds:.0f} s"),
                ("messages of one connection that wait for their answer", limits.unanswered),
                ("connections of one listener", limits.connections),
            ),
        ),
        "Answers leave in the order in which messages came. Bytes outside an MLLP frame, and frames that were"
        " not finished, are"
        " kept and held, without an answer.",
    ]
    return "\n\n".join(parts)


def _rows() -> list[tuple[str, ...]]:
    rows = [_row(words, _message(words, old, new)) for words, old, new in CASES]
    whole = received(MESSAGE.encode(), peer="", now=NOW, answer_id="1")
    for words, arrival in (
        ("a control id that came before with other content", clashing(whole, now=NOW, answer_id="2")),
        (
            f"more than {LIMIT // 1024 // 1024} MiB",
            too_large(MESSAGE.encode(), LIMIT + 1, limit=LIMIT, peer="", now=NOW, answer_id="3"),
        ),
    ):
        condition = "205" if arrival.answer_code == "AE" else "207"
        rows.append((words, f"**{arrival.answer_code}**", arrival.reason, arrival.where, condition, HELD))
    return rows


def _message(words: str, old: str, new: str) -> bytes:
    if old not in MESSAGE:
        raise SystemExit(f"reference/answers.py: the case '{words}' changes nothing")
    return (MESSAGE.replace(old, new) if old else MESSAGE).encode()


def _row(words: str, raw: bytes) -> tuple[str, ...]:
    said, arrival = verdict(raw), received(raw, peer="", now=NOW, answer_id="1")
    end = ENDS[arrival.state, said.code]
    return words, f"**{said.code}**", said.reason, said.where, said.condition, end

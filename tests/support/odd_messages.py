r"""Hundreds of HL7 v2 messages of every type, version and habit, made by combination. Nobody in them exists.

Each knows what its sender has to be answered and where it has to end. Both are written down here, from HL7
v2.5.1 chapter 2.9 and the house's own rules, and never asked of the code under test.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass

USUAL = "|^~\\&"
OTHER_MARKS = ("#^~\\&", "|@!%$", "#@!%$", "*:;/,", "^|~\\&", "|^~\\&#", "|^~", "|^")
VERSIONS = ("2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8", "2.8.2", "2.9")
TEXT = "No epidural disease at T8."
STORED, APPLIED, OUTSIDE, HELD = "stored", "applied", "filtered", "quarantined"

# Type and the events of it that hospitals send (HL7 table 0003); "-" is a type without event.
TYPES = """
ADT A01 A02 A03 A04 A05 A06 A07 A08 A10 A11 A12 A13 A17 A18 A28 A31 A34 A38 A40 A47 A60
BAR P01 P02 P05/BPS O29/BRP O30/BRT O32/BTS O31/CCF I22/CCI I22/CRM C01/CSU C09/DFT P03 P11/DSR Q01/EAC U07/EAN U09
EAR U08/EDR R07/EHC E01/EQQ Q04/ERP R09/ESR U02/ESU U01/INR U06/INU U05/LSR U13/LSU U12/MCF Q02/MDM T01 T02 T04 T08 T10 T11
MFD M01/MFK M01/MFN M01 M02 M05 M13/MFQ M01/MFR M01/NMD N02/NMQ N01/NMR N01/OMB O27/OMD O03/OMG O19/OMI O23/OML O21 O33
OMN O07/OMP O09/OMS O05/OPL O37/OPR O38/OPU R25/ORB O28/ORD O04/ORF R04/ORG O20/ORI O24/ORL O22/ORM O01 -/ORN O08/ORP O10
ORR O02/ORS O06/OSM R26/OSQ Q06/OSR Q06/OUL R21 R22 R23 R24/PEX P07/PGL PC6/PIN I07/PMU B01/PPG PCG/PPP PCB/PPR PC1
PPT PCL/PPV PCA/PRR PC5/PTR PCF/QBP Q11 Q21 Q22 Q25/QCK Q02/QCN J01/QRY A19 Q01 R02 -/QSB Q16/QSX J02/QVR Q17/RAR RAR
RAS O17/RCI I05/RCL I06/RDE O11/RDR RDR/RDS O13/RDY K15/REF I12/RER RER/RGR RGR/RGV O15/ROR ROR/RPA I08/RPI I01/RPL I02
RPR I03/RQA I08/RQC I05/RQI I01/RQP I04/RQQ Q09/RRA O18/RRD O14/RRE O12/RRG O16/RRI I12/RSP K11 K21 K22/RTB K13/SDR S31
SIU S12 S13 S14 S15 S17 S26/SLR S28/SPQ Q08/SQM S25/SQR S25/SRM S01/SRR S01/SSR U04/SSU U03/STC S33/SUR P09/TBR R08
TCR U11/TCU U10/UDM Q05/VQQ Q07/VXQ V01/VXR V03/VXU V04/VXX V02/ZDT Z01/Z99 -
"""
BODIES = {
    "ADT": "EVN|{event}|20260310140000\rPID|1||900001^^^DEMO^MR||Sample^Case\rPV1|1|I|3W^12^A\rMRG|900009^^^DEMO^MR\r",
    "ORM": "PID|1||900001^^^DEMO^MR||Sample^Case\rORC|NW|P-1\rOBR|1|P-1||30855-1^MR spine^LN\r",
    "SIU": "SCH|1^DEMO|2^DEMO|||||ROUTINE\rPID|1||900001^^^DEMO^MR\rRGS|1|A\rAIS|1|A|MRI^MR\r",
    "MDM": "EVN|{event}|20260310\rPID|1||900001^^^DEMO^MR\rTXA|1|CN|TX|20260310\rOBX|1|TX|||Cord compressed.||||||F\r",
    "MFN": "MFI|STF^Staff^HL70175||UPD|||AL\rMFE|MAD|1|20260310|7^Doe\rSTF|7|7|Doe^Sample\r",
    "QRY": "QRD|20260310|R|I|Q1|||1^RD|900001|DEM\rQRF|RIS\r",
    "VXU": "PID|1||900001^^^DEMO^MR\rORC|RE||1\rRXA|0|1|20260310||140^Influenza^CVX|.5\r",
}


@dataclass(frozen=True)
class Odd:
    """A message; the answers due (MSA-1 of each), the place in ERR, and the state in which it must end."""

    name: str
    raw: bytes
    codes: tuple[str, ...] = ("AA",)
    where: str = ""
    state: str = APPLIED
    control: str = ""  # MSA-2, as sent


def header(
    control: str, kind: str = "ORU^R01^ORU_R01", version: str = "2.5.1", processing: str = "P", tail: str = ""
) -> str:
    return (
        f"MSH|^~\\&|RIS|SITEA|SOAR2|SITEA|20260310140512-0400||{kind}|{control}|{processing}|{version}{tail}"
    )


def parts(control: str, version: str = "2.5.1", tail: str = "", **change: str) -> list[str]:
    """The segments of a result in order, each an exam of its own; ``change`` replaces whole segments."""
    order = f"OBR|1|P-{control}|ODD-{control}|30855-1^MR spine^LN|||20260310121500-0400|20260310124000-0400"
    given = {
        "msh": header(control, version=version, tail=tail),
        "pid": "PID|1||900001^^^DEMO^MR||Sample^Case||19600101|F",
        "obr": order + "|" * 14 + "20260310140500-0400|||F",
        "obx": f"OBX|1|TX|18748-4^Report^LN||{TEXT}||||||F",
        **change,
    }
    return [segment for segment in given.values() if segment]


def joined(segments: list[str], end: str = "\r") -> bytes:
    return "".join(segment + end for segment in segments).encode()


def result(control: str, **change: str) -> bytes:
    return joined(parts(control, **change))


def in_marks(raw: bytes, marks: str) -> bytes:
    """The same message between other delimiters; where a sender uses fewer, the rest is left out."""
    text = raw.decode()
    head, body = text[: len("MSH|^~\\&")], text[len("MSH|^~\\&") :]
    assert head == "MSH|^~\\&"
    table = dict(zip(USUAL, marks.ljust(5), strict=False))
    if len(marks) < 5:
        assert "~" not in body
        assert "\\" not in body
    return ("MSH" + marks + body.translate(str.maketrans(table))).encode()


def other_types() -> Iterator[Odd]:
    """Every type that is no result, each event in two versions: refused, kept, no work for anybody."""
    number = 0
    for line in TYPES.replace("\n", "/").split("/"):
        name, *events = line.split() or [""]
        for event in events:
            for shift in (0, 6):
                number += 1
                version = VERSIONS[(number + shift) % len(VERSIONS)]
                kind = name if event == "-" else f"{name}^{event}"
                body = BODIES.get(name, "PID|1||900001^^^DEMO^MR\r").format(event=event)
                raw = (header(f"T{number}", kind, version) + "\r" + body).encode()
                yield Odd(f"{kind} {version}", raw, ("AR",), "MSH-9", OUTSIDE, f"T{number}")


def results() -> Iterator[Odd]:
    """A result in order, in every version, each between three kinds of delimiters."""
    every = (USUAL, *OTHER_MARKS)
    for number, version in enumerate(VERSIONS):
        for sort in (number, number + 3, number + 6):
            marks = every[sort % len(every)]
            control = f"R{number}-{sort}"
            raw = in_marks(result(control, version=version), marks)
            yield Odd(f"{version} {marks}", raw, control=control)
    for number, kind in enumerate(("ORU", "ORU^R01", "oru^r01", "ORU^r01^ORU_R01", "ORU^R01^ORU_R01^x")):
        control = f"K{number}"
        yield Odd(kind, result(control, msh=header(control, kind)), control=control)


def _document(kind: str, content: bytes) -> str:
    return f"OBX|1|ED|R^Report||SITEA^{kind}^Base64^{base64.b64encode(content).decode()}||||||F"


_RTF = b"{\\rtf1\\ansi\\deff0{\\fonttbl{\\f0 Arial;}}\\f0\\fs20 No epidural disease.\\par Second line.}"
_OBX = "OBX|1|TX|18748-4^Report^LN||{}||||||F"
_LINES = "\r".join(f"OBX|{n}|TX|R||Line {n} of it.||||||F" for n in range(1, 9))
# What other systems do and what is read all the same: the segments that are changed.
PACKED: dict[str, dict[str, str]] = {
    "a line in each OBX": {"obx": _LINES},
    "repetitions": {"obx": _OBX.format("One.~Two.~Three.")},
    "line breaks by escape": {"obx": _OBX.format(r"One.\.br\Two.\.sp2\Three.\.in+4\Four.")},
    "formatted text": {"obx": r"OBX|1|FT|R||\.ce\\H\REPORT\N\\.br\No disease.||||||F"},
    "a string": {"obx": "OBX|1|ST|R||No disease.||||||F"},
    "hexadecimal escapes": {"obx": _OBX.format(r"No\X0D0A\disease\X2E\ ")},
    "escapes in escapes": {"obx": _OBX.format(r"50\E\ \E\T\E\ \X\E\41\ \E\\E\\F\\S\\T\\R\ ")},
    "escapes that are none": {"obx": _OBX.format(r"C:\temp\new \q\ \.zz\ \X4\ and \ at the end\ ")},
    "letters of other sets": {"obx": _OBX.format(r"\C2842\\M2442\ text")},
    "markup in the text": {"obx": _OBX.format("<p>No <b>disease</b> &amp; no mass</p>")},
    "bars not escaped": {"obx": _OBX.format("T8 | ESCC 0 | stable")},
    "line ends not escaped": {"obx": _OBX.format("No disease.\rNo mass.\rNo fracture.")},
    "a type left out": {"obx": "OBX|1||R||No disease.||||||F"},
    "a number left out": {"obx": "OBX||TX|R||No disease.||||||F"},
    "comments alone": {"obx": "NTE|1||No disease.\rNTE|2||No mass."},
    "a comment below the text": {"obx": _OBX.format("No disease.") + "\rNTE|1|L|Read by two."},
    "values between the lines": {"obx": _OBX.format("No disease.") + "\rOBX|2|NM|EGFR||62|mL/min|||||F\rOBX|3|CWE|B||X^Y||||||F"},
    "rich text in ED": {"obx": _document("TEXT^RTF", _RTF)},
    "rich text without its type": {"obx": _document("AP^", _RTF)},
    "rich text as text": {"obx": _OBX.format(_RTF.decode().replace("\\", "\\E\\"))},
    "plain text in ED": {"obx": _document("TEXT^PLAIN", b"No epidural disease.")},
    "a web page in ED": {"obx": _document("TEXT^HTML", b"<html><body><p>No disease.</p></body></html>")},
    "a document beside its words": {"obx": _LINES + "\r" + _document("application^PDF", b"%PDF-1.4 x")},
    "a link beside its words": {"obx": _LINES + "\rOBX|9|RP|L||https://pacs.example/1^PACS^TEXT^URL||||||F"},
    "no order status, one in the rows": {"obr": "OBR|1||ODD-@|30855-1^MR spine^LN|||20260310121500-0400"},
    "a status in small letters": {"obr": "OBR|1||ODD-@|30855-1^MR spine^LN|||20260310121500-0400" + "|" * 18 + "f"},
    "no times": {"obr": "OBR|1||ODD-@|30855-1^MR spine^LN" + "|" * 21 + "F"},
    "the day alone": {"obr": "OBR|1||ODD-@|30855-1^MR spine^LN|||20260310" + "|" * 15 + "20260310|||F"},
    "fractions and no offset": {"obr": "OBR|1||ODD-@|30855-1^MR spine^LN|||20260310121500.1234" + "|" * 18 + "F"},
    "the number in ORC-3": {"obr": "ORC|RE||ODD-@\rOBR|1|||30855-1^MR spine^LN" + "|" * 21 + "F"},
    "the number in OBR-18": {"obr": "OBR|1|||30855-1^MR spine^LN" + "|" * 14 + "ODD-@|||||||F"},
    "the number in IPC-1": {"obr": "OBR|1|||30855-1^MR spine^LN" + "|" * 21 + "F\rIPC|ODD-@|1|1.2.3"},
    "two orders, one report": {"obr": "OBR|1||ODD-@|30855-1^MR spine^LN" + "|" * 21 + "F\rOBR|2||ODB-@|30854-4^MR^LN" + "|" * 21 + "F"},
    "two orders, two reports": {"obx": _LINES + "\rOBR|2||ODB-@|30855-1^MR spine^LN" + "|" * 21 + "F\r" + _LINES},
    "two patients": {"obx": _LINES + "\rPID|2||900002^^^DEMO^MR||Other^Case\rOBR|2||ODB-@|30855-1^MR spine^LN" + "|" * 21 + "F\r" + _LINES},
    "withdrawn": {"obr": "OBR|1||ODD-@|30855-1^MR spine^LN" + "|" * 21 + "X", "obx": "OBX|1|TX|R||||||||X"},
    "many numbers, one of them ours": {"pid": "PID|1||1^^^SSA^SS~900001^^^DEMO^MR~77^^^DEMO^VN||Sample^Case||19600101|F"},
    "an external number in PID-2": {"pid": "PID|1|44|900001^^^DEMO^MR|45|Sample^Case^^^^^L~Known^As||1960|F"},
    "null values": {"pid": 'PID|1|""|900001^^^DEMO^MR|""|Sample^Case|""|""|""'},
    "segments of their own": {"obx": _LINES + "\rZDS|1.2.840.1^RIS^Application^DICOM\rZZ9|anything^at all"},
    "more around the result": {"pid": "SFT|Vendor|1\rPID|1||900001^^^DEMO^MR||Sample^Case\rPD1||||7^Doe\rNTE|1||x\rPV1|1|O|R^1||||7^Doe"},
    "an impossible day": {"obr": "OBR|1||ODD-@|30855-1^MR spine^LN|||20260231121500" + "|" * 18 + "F"},
    "an exam of tomorrow": {"obr": "OBR|1||ODD-@|30855-1^MR spine^LN|||20990310121500" + "|" * 18 + "F"},
    "a report before its exam": {"obr": "OBR|1||ODD-@|30855-1^MR spine^LN|||20260310121500" + "|" * 15 + "20260309|||F"},
}  # fmt: skip


def packed() -> Iterator[Odd]:
    """The habits of senders inside the segments; old and new versions."""
    for number, (name, change) in enumerate(PACKED.items()):
        for version in ("2.3", "2.8"):
            control = f"P{number}-{version[2:]}"
            given = {key: words.replace("@", control) for key, words in change.items()}
            yield Odd(f"{name} {version}", result(control, version=version, **given), control=control)


def bytes_around() -> Iterator[Odd]:
    """The habits of senders with bytes: line ends, marks, character sets, wrappers."""
    umlaut = {"obx": _OBX.format("Kein epiduräler Befund, Größe 3 µm.")}

    def of(name: str, make, tail: str = "", **change: str) -> Odd:
        control = f"B{len(made)}"
        return Odd(name, make(parts(control, tail=tail, **change)), control=control)

    made: list[Odd] = []
    for end in ("\n", "\r\n", "\r\r", "\n\r", " \r", "|||\r", "\r\0"):
        made.append(of(f"ends in {end!r}", lambda segments, end=end: joined(segments, end)))
    for before in (
        b"\r\n",
        b"   ",
        b"\xef\xbb\xbf",
        b"\0",
        b"from the engine: ",
        b"FHS|^~\\&|x\rBHS|^~\\&|x\r",
    ):
        made.append(of(f"after {before!r}", lambda segments, before=before: before + joined(segments)))
    for behind in (b"\r\r\r", b"\0\0", b"\x1a", b"BTS|1\rFTS|1\r", b"-- \r"):
        made.append(of(f"before {behind!r}", lambda segments, behind=behind: joined(segments) + behind))
    made.append(of("no last line end", lambda segments: joined(segments)[:-1]))
    made.append(of("indented", lambda segments: joined([" \t" + segment for segment in segments])))
    made.append(of("NULs in the text", lambda segments: joined(segments).replace(b"disease", b"dis\0ease")))
    made.append(
        of("an end mark in the text", lambda segments: joined(segments).replace(b"disease", b"dis\x1cease"))
    )
    made.append(
        of("the escape written twice", lambda segments: joined(segments).replace(b"^~\\&", b"^~\\\\&", 1))
    )
    for number, (said, codec) in enumerate([
        ("UNICODE UTF-8", "utf-8"), ("8859/1", "latin-1"), ("8859/15", "iso8859-15"), ("", "utf-8"), ("", "latin-1"),
        ("ASCII", "utf-8"), ("UNICODE UTF-8", "latin-1"), ("ASCII~8859/1", "latin-1"), ("no such set", "utf-8"),
        ("UNICODE UTF-16", "utf-8"), ("ISO IR87", "latin-1"), ("", "utf-16"), ("UNICODE UTF-16", "utf-16-le"),
    ]):  # fmt: skip
        change = umlaut if codec != "iso8859-15" else {"obx": _OBX.format("Kein Befund, Größe.")}
        made.append(of(
            f"{number}: {said or 'nothing'} said, {codec} sent",
            lambda segments, codec=codec: joined(segments).decode().encode(codec),
            tail=f"||||||{said}", **change,
        ))  # fmt: skip
    yield from made


# What a sender can mend: the change, the place that is named, and where the message ends.
FAULTS: dict[str, tuple[dict[str, str], str, str]] = {
    "no PID": ({"pid": ""}, "PID", HELD),
    "no number": ({"pid": "PID|1||||Sample^Case"}, "PID-3", HELD),
    "an issuer without a number": ({"pid": "PID|1||^^^DEMO^MR||Sample^Case"}, "PID-3", HELD),
    "no order": ({"obr": ""}, "OBR", HELD),
    "no row": ({"obx": ""}, "OBX", HELD),
    "no accession": ({"obr": "OBR|1|||30855-1^MR spine^LN" + "|" * 21 + "F"}, "OBR-3", HELD),
    "an unknown status": ({"obr": "OBR|1||ODD-@|30855-1^MR spine^LN" + "|" * 21 + "Q"}, "OBR-25", HELD),
    "no status anywhere": (
        {"obr": "OBR|1||ODD-@|30855-1^MR spine^LN", "obx": "OBX|1|TX|R||Words."}, "OBR-25", HELD,
    ),
    "an unknown status in the row alone": (
        {"obr": "OBR|1||ODD-@|30855-1^MR spine^LN", "obx": "OBX|1|TX|R||Words.||||||Q"}, "OBR-25", HELD,
    ),
    "a garbled exam time": ({"obr": "OBR|1||ODD-@|30855-1^MR spine^LN|||at noon" + "|" * 18 + "F"}, "OBR-7", APPLIED),
    "a garbled report time": (
        {"obr": "OBR|1||ODD-@|30855-1^MR spine^LN" + "|" * 18 + "10.03.2026|||F"}, "OBR-22", APPLIED,
    ),
    "a garbled time in the second order": (
        {"obx": _LINES + "\rOBR|2||ODB-@|30855-1^MR spine^LN|||at noon" + "|" * 18 + "F\r" + _LINES}, "OBR-7", APPLIED,
    ),
    "two segments on one line": ({"obx": _LINES + "OBX|9|TX|R||More.||||||F"}, "", HELD),
    "a part of a longer one": ({"obx": _LINES + "\rDSC|7|F"}, "DSC-1", HELD),
}  # fmt: skip


def faults() -> Iterator[Odd]:
    """Content faults: AE at their place, in old and new versions."""
    for number, (name, (change, where, state)) in enumerate(FAULTS.items()):
        for version in ("2.2", "2.3.1", "2.4", "2.5", "2.7", "2.8"):
            control = f"F{number}-{version[2:].replace('.', '')}"
            given = {key: words.replace("@", control) for key, words in change.items()}
            yield Odd(
                f"{name} {version}", result(control, version=version, **given), ("AE",), where, state, control
            )
    yield Odd("no control id", result("", pid="PID|1||900001^^^DEMO^MR"), ("AE",), "MSH-10", APPLIED)
    for number, marks in enumerate(("ABCD", "^^^^", "^ ~&", "^~^&")):
        control = f"M{number}"
        raw = result(control).replace(b"^~\\&", marks.encode(), 1)
        yield Odd(f"MSH-2 is {marks}", raw, ("AE",), "MSH-2", HELD, control)


def refused() -> Iterator[Odd]:
    """What is not for this door: AR, kept for a person to see."""
    for number, kind in enumerate(("ORU^R30", "ORU^R32", "ORU^W01", "ORU^R01x")):
        yield Odd(
            kind, result(f"E{number}", msh=header(f"E{number}", kind)), ("AR",), "MSH-9", HELD, f"E{number}"
        )
    for number, kind in enumerate(("", "^R01", "Report", "ORU R01", "1")):
        yield Odd(
            f"of type {kind!r}",
            result(f"N{number}", msh=header(f"N{number}", kind)),
            ("AR",),
            "MSH-9",
            HELD,
            f"N{number}",
        )
    for number, version in enumerate(("1.0", "2.0", "2", "2.10", "3.0", "2.5.1.x", "two")):
        yield Odd(
            f"version {version}", result(f"V{number}", version=version), ("AR",), "MSH-12", HELD, f"V{number}"
        )
    for number, processing in enumerate(("T", "D", "t", "T^A", "X", "PROD")):
        msh = header(f"G{number}", processing=processing)
        yield Odd(f"for {processing}", result(f"G{number}", msh=msh), ("AR",), "MSH-11", HELD, f"G{number}")
    several = (
        result("H0") + result("H1"),
        result("H0")[:-1] + result("H1"),
        b"BHS|^~\\&|x\r" + result("H0") + result("H1"),
    )
    for raw in several:
        yield Odd("several messages in one", raw, ("AR",), "MSH", HELD, "H0")
    for raw in (
        b"",
        b"\r",
        b"MSH",
        b"hello",
        b"{}",
        b"<ClinicalDocument/>",
        b"GET / HTTP/1.1\r\n",
        result("H9")[4:],
        b"\0" * 50,
        bytes(range(14, 256)),
    ):
        yield Odd(f"no message: {raw[:12]!r}", raw, ("AR",), "MSH", HELD)
    yield Odd(
        "a stray acknowledgement",
        (header("A1", "ACK^R01") + "\rMSA|AA|FOREIGN7\r").encode(),
        ("AR",),
        "MSH-9",
        OUTSIDE,
        "A1",
    )
    yield Odd(
        "an acknowledgement of ours",
        (header("A2", "ACK^R01") + "\rMSA|AA|SR0123456789ab\r").encode(),
        (),
        "",
        OUTSIDE,
    )


# Enhanced mode (HL7 table 0155): what MSH-15 or MSH-16 says, and whether a good and a bad answer is wanted.
WANTED = {
    "AL": (True, True),
    "NE": (False, False),
    "ER": (False, True),
    "SU": (True, False),
    "": (False, False),
}
OUTCOMES = {
    # what is sent        accept, application, place, end
    "good": ("CA", "AA", "", APPLIED),
    "no number": ("CA", "AE", "PID-3", HELD),
    "no control id": ("CE", "AE", "MSH-10", APPLIED),
    "another type": ("CR", "AR", "MSH-9", OUTSIDE),
    "for training": ("CR", "AR", "MSH-11", HELD),
}


def enhanced() -> Iterator[Odd]:
    """Both answers of enhanced mode. After a refusal at the door no second answer follows."""
    for accept, wanted in WANTED.items():
        for application, wished in WANTED.items():
            for outcome, (commit, answer, where, state) in OUTCOMES.items():
                if not accept and not application:
                    continue  # original mode
                codes = [commit] if wanted[commit != "CA"] else []
                if not (codes and commit != "CA"):
                    codes += [answer] if wished[answer != "AA"] else []
                control = f"X{accept or 0}{application or 0}{len(outcome)}"
                tail = f"|||{accept}|{application}"
                change = {
                    "no number": {"pid": "PID|1"},
                    "no control id": {"msh": header("", tail=tail + f"||||{control}")},
                    "another type": {"msh": header(control, "ADT^A08", tail=tail)},
                    "for training": {"msh": header(control, processing="T", tail=tail)},
                }.get(outcome, {})
                place = where if codes and codes[-1] not in ("CA", "AA") else ""
                known = "" if outcome == "no control id" else control
                yield Odd(
                    f"{outcome}, {accept or '-'} {application or '-'}",
                    result(control, tail=tail, **change),
                    tuple(codes),
                    place,
                    state,
                    known,
                )


CLASSES = {
    "other types": other_types,
    "results": results,
    "packed": packed,
    "bytes": bytes_around,
    "faults": faults,
    "refused": refused,
    "enhanced": enhanced,
}

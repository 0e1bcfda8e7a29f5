"""How fast the reader is, and that its work grows with the length of a text only.

CPU time, each figure the best of several passes, beside a plain search of the same texts for the same grades, so
that the ratio can be compared between machines.
"""

import re
import time

from soar2.dictation.reading import read_report

REPORT = """MRI CERVICAL, THORACIC AND LUMBAR SPINE WITH AND WITHOUT CONTRAST
HISTORY: Synthetic patient with breast cancer, back pain.
FINDINGS: Vertebral body heights are otherwise preserved. No disc herniation. There is no abnormal cord signal elsewhere.
SPINE ONCOLOGY MACRO
Numbering: 7 cervical, 12 rib-bearing, 5 lumbar. Conus: L1.
Level T{n} | ESCC 1c | Cord signal normal | Lesion lytic | Alignment normal | Collapse >50% | Posterolateral bilateral
Level L4 | Below conus moderate | Lesion mixed | Alignment normal | Collapse none | Posterolateral unilateral
Level C5 | ESCC 0 | Treated SBRT {year} | Lesion blastic | Alignment normal | Collapse none | Status stable
Other levels: no epidural disease.
IMPRESSION: 1. Metastatic disease as above, worst at T{n}. 2. No cord compression. Findings communicated.
"""
ADVERSE = ("Cord compression. ", "No epidural disease. ", "T8, T9 and ", "\n \n", "| ", "[a|b")
PLAIN = re.compile(r"\b(?:escc|bilsky)\W+(?:grade\W+)?([0-3][abc]?)|\b[CTLS]\d{1,2}\b", re.IGNORECASE)


def cpu_seconds(work, texts, runs=7):
    def once():
        start = time.process_time()
        for text in texts:
            work(text)
        return time.process_time() - start

    once()
    return min(once() for _ in range(runs))


SECTION, READER, SEARCH = (
    "reader",
    "soar2: read, scored, given a lane",
    "a plain search for grades and levels",
)
GOAL_MS = 0.5


def measure(place, load, book, plan):
    """The macro report and the plain search, in turn; then how the work grows with the length of a text."""
    texts = [REPORT.format(n=3 + n % 8, year=1000 + n) for n in range(200)]
    case = f"macro, {len(texts[0])} characters"
    for number in range(1, plan.runs + 1):
        for who, work in ((READER, read_report), (SEARCH, PLAIN.findall)):
            each = cpu_seconds(work, texts) / len(texts)
            book.add(SECTION, case, who, number, {"rate": 1 / each, "mean_ms": 1000 * each})
    book.goal(
        "a macro report read, ms of CPU",
        list(book.values(SECTION, case, READER, "mean_ms").values()),
        GOAL_MS,
        at_least=False,
    )
    book.notes.append(f"reader: eight times the text costs this many times as much: {growth()}")


def growth():
    """For texts made to be hard: the cost of 40,000 characters over that of 5,000. Linear work gives about 8."""
    head, found = REPORT.format(n=8, year=2024), []
    for unit in ADVERSE:
        short, long = (head + unit * (size // len(unit)) for size in (5_000, 40_000))
        times = cpu_seconds(read_report, [long], 3) / cpu_seconds(read_report, [short], 3)
        found.append(f"{unit!r} {times:.1f}")
    return ", ".join(found)

"""How fast the reader is, and that its work grows with the length of a text only. Run: make bench

Prints CPU time, each figure the best of several runs on this machine, beside a plain search of the same
texts for the same grades, so that the ratio can be compared between machines. Asserts nothing.
"""

import platform
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


def main():
    texts = [REPORT.format(n=3 + n % 8, year=1000 + n) for n in range(200)]
    ours, plain = cpu_seconds(read_report, texts), cpu_seconds(PLAIN.findall, texts)
    each = 1000 * ours / len(texts)
    print(f"Python {platform.python_version()}, {platform.machine()}; report of {len(texts[0])} characters")
    print(
        f"macro report read, scored and given a lane: {each:.3f} ms CPU, {1000 / each:,.0f} a second and core"
    )
    print(
        f"a plain search of the same text for grades and levels: {1000 * plain / len(texts):.3f} ms; ratio {ours / plain:.0f}"
    )
    print("eight times the text costs this many times as much:")
    head = REPORT.format(n=8, year=2024)
    for unit in ADVERSE:
        short, long = (head + unit * (size // len(unit)) for size in (5_000, 40_000))
        growth = cpu_seconds(read_report, [long], 3) / cpu_seconds(read_report, [short], 3)
        print(f"  {unit!r:26} {growth:5.1f}")


if __name__ == "__main__":
    main()

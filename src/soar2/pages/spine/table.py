"""Measures of a plausible adult column in millimetres, then honest distortions.

The canal is drawn 1.9 times as deep, because the grade is read there; bodies 1.25 times as deep, height 0.82
and curves 0.78, so that the column is broad enough to read beside a line of text. Schematic: never measure
from it. T13, L6 and Oc have no place here; they are said in words.
"""

from typing import NamedTuple

PRESS, DEEPEN, WIDEN, CALM = 0.82, 1.9, 1.25, 0.78


class Row(NamedTuple):
    """One vertebra: body height and depth, disc below, tilt in degrees, canal depth, spinous process."""

    height: float
    depth: float
    disc: float
    tilt: float
    canal: float
    length: float
    droop: float
    root: float
    tip: float


_MEASURES = """
C2   19   16.5  5   -7  17   19 26  9  9
C3   13   16    5   -6  15.5 13 22  6  5
C4   13   16    5   -2  15   13 22  6  5
C5   13   16.5  5    4  15   14 22  6  5
C6   13.5 17    5.5 10  15   17 22  7  5
C7   14.5 17.5  5   16  14.5 25 20  8  6
T1   16   18.5  4   20  14.5 27 30  8  6
T2   17   19    3.5 21  14   27 40  9  5
T3   17.5 20    3.5 19  13.5 27 48  9  5
T4   18   21.5  3.5 16  13.5 28 54  9  5
T5   18.5 23    4   12  13.5 29 58  9  5
T6   19   24.5  4    7  13.5 30 60  9  5
T7   19.5 26    4.5  2  13.5 30 60  9  5
T8   20   27    4.5 -3  13.5 29 56 10  5
T9   20.5 28    5   -7  13.5 27 48 10  6
T10  21.5 29    5.5 -11 13.5 25 38 11  8
T11  22.5 30    6   -14 14   23 26 12 11
T12  24   31    7   -16 14.5 23 14 13 14
L1   25.5 32    8   -16 15.5 25  8 13 18
L2   26.5 33    9   -12 15.5 26  6 13 19
L3   27   34   10   -4  15.5 27  6 13 20
L4   27   34.5 11    8  15.5 26  8 13 18
L5   27   34.5  9   23  15.5 20 10 11 13
S1   27   31    1.2 40  13   13 30 12  6
S2   23   23    1.2 45   9.5  9 34 12  5
S3   19   17.5  1.2 34   6.5  6 36 10  4
S4   16   13.5  1.2 14   4.5  0  0  0  0
S5   13   10    0  -12   3    0  0  0  0
"""


def _row(words: list[str]) -> Row:
    row = Row(*map(float, words))
    return row._replace(depth=row.depth * WIDEN, tilt=row.tilt * CALM)


BODIES = {name: _row(rest) for name, *rest in map(str.split, _MEASURES.strip().splitlines())}
"""Levels with a body, from C2 down."""
ROWS = {"C1": Row(11, BODIES["C2"].depth, 0, 0, 17, 9, 10, 6, 6), **BODIES}
"""Every level that is drawn; C1 has arches and no body."""
LEVELS = tuple(ROWS)

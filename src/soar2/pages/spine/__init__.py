"""The drawing of the spine: findings in, SVG text out.

Pure: no clock, no files, no clinical rule. Classes only and no style attributes, so that a strict content
policy holds and both themes work. Anterior is left, as on a sagittal image. Schematic: never measure from it.

A grade is read from what touches what in the canal. Rings are lytic, solid is blastic, bars are mixed, a tint
is a lesion whose type is not stated. A filled process is a pedicle, pale for one side, full for both. A pale
spindle is cord signal, a bracket a treated level, hatching what the report leaves open.
"""

from soar2.pages.spine.column import column
from soar2.pages.spine.level import Level, changes, describe
from soar2.pages.spine.pair import pair
from soar2.pages.spine.plate import symbols, window_around

__all__ = ["Level", "changes", "column", "describe", "pair", "symbols", "window_around"]

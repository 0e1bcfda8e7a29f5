"""The verbs of this stage, in one place for other rooms."""

from soar2.pathway.notices.answers import ACTIONS, acted, already_known, mine, not_me, step_done
from soar2.pathway.notices.onward import Errand, delivered, delivery_failed, take_up
from soar2.pathway.notices.opening import (
    follow_late_report,
    follow_scored_report,
    follow_unidentified_report,
    follow_withdrawn_report,
)
from soar2.pathway.notices.sweep import Swept, make_digests, sweep

__all__ = [
    "ACTIONS",
    "Errand",
    "Swept",
    "acted",
    "already_known",
    "delivered",
    "delivery_failed",
    "follow_late_report",
    "follow_scored_report",
    "follow_unidentified_report",
    "follow_withdrawn_report",
    "make_digests",
    "mine",
    "not_me",
    "step_done",
    "sweep",
    "take_up",
]

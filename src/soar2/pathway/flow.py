"""The table of the route: when this is recorded, that happens, in the same transaction.

An earlier stage records a fact and knows nothing of later ones; this table names the next stage's verb.
"""

from collections.abc import Callable

from soar2.pathway.notices import actions as notices
from soar2.record.models import LedgerEntry

FLOW: dict[str, tuple[Callable[[LedgerEntry], None], ...]] = {
    "report.scored": (notices.follow_scored_report,),
    "report.unidentified": (notices.follow_unidentified_report,),
    "report.late": (notices.follow_late_report,),
    "report.withdrawn": (notices.follow_withdrawn_report,),
}


def dispatch(entry: LedgerEntry) -> None:
    """Run what follows a fact. A verb that fails takes the fact with it: both or neither."""
    for verb in FLOW.get(entry.kind, ()):
        verb(entry)

"""Findings that last are told to the interface desk by mail, once; and once more when they are settled.

What is wrong with the audit is told to the security officer too: whoever keeps the machine may be whom it is about.
"""

import logging
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from django.conf import settings
from django.db import transaction

from soar2.record import outbox, people
from soar2.record.models import OutboxMessage
from soar2.watch import chain
from soar2.watch.models import Finding

log = logging.getLogger("soar2.watch")

DESK, OFFICER = "interface-desk", "security-officer"
LASTS = timedelta(seconds=60)  # what is over sooner, as a restart, is worth a row and no mail
CHANNEL = "email"


def tell(now: datetime, real: datetime) -> None:
    """Owe the mails that are missing. Only in production, and only to roles that the settings name."""
    if settings.PROGRAMME.demo:
        return
    for finding in Finding.objects.filter(closed_at=None, opened_at__lte=real - LASTS).order_by("id"):
        _tell_once(finding, now)


def _tell_once(finding: Finding, now: datetime) -> None:
    """Two watchers may look at once: the row decides which of them speaks."""
    with transaction.atomic():
        open_row = Finding.objects.select_for_update().filter(id=finding.id, closed_at=None)
        if open_row.exists() and not _told(finding).exists():
            for role in _roles(finding, now):
                _owe(finding, role, "finding", finding.words, now)


def _roles(finding: Finding, now: datetime) -> list[str]:
    """Nobody need be on a rota to look at who looked; but whoever is not cannot be written to."""
    named = {role.key for role in settings.PROGRAMME.roles}
    wanted = [DESK]
    if finding.key.startswith(chain.AUDIT) and people.on_duty(OFFICER, now):
        wanted.append(OFFICER)
    return [key for key in wanted if key in named]


@transaction.atomic
def settled(finding: Finding, now: datetime) -> None:
    """The mail that all is well again, where the other has gone; one that is still owed is not needed any more."""
    again = set(_told(finding).filter(kind="settled").values_list("role_id", flat=True))
    for message in _told(finding).filter(kind="finding").select_for_update(of=("self",)):
        if message.state == OutboxMessage.QUEUED:
            outbox.dropped(message, reason="Not needed: settled meanwhile.", now=now)
        elif message.state == OutboxMessage.SENT and message.role_id not in again:
            _owe(finding, message.role_id, "settled", f"Settled: {finding.words}", now)


def _owe(finding: Finding, role: str, kind: str, words: str, now: datetime) -> None:
    outbox.owe(
        about=about(finding.id), kind=kind, channel=CHANNEL, role=people.role(role), now=now, words=words
    )


def _told(finding: Finding):
    return OutboxMessage.objects.filter(about=about(finding.id))


def about(finding: int) -> UUID:
    """One id for all that is said of one finding."""
    return uuid5(NAMESPACE_URL, f"soar2:finding:{finding}")

"""The hospital's time. In production it is the machine's; in a demonstration it can be paused and moved."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from soar2.errors import Refused
from soar2.record.models import DemoClock


def now() -> datetime:
    """The time that clinical clocks follow (aware, UTC)."""
    if not settings.PROGRAMME.demo:
        return timezone.now()
    row = DemoClock.objects.filter(id=1).first()
    return reading(row, timezone.now()) if row else timezone.now()


def reading(row: DemoClock, real: datetime) -> datetime:
    """What the demo clock shows at machine time ``real``."""
    if not row.running:
        return row.hospital
    return row.hospital + (real - row.real) * row.rate


def state() -> DemoClock | None:
    return DemoClock.objects.filter(id=1).first() if settings.PROGRAMME.demo else None


def start(at: datetime, *, running: bool) -> None:
    """Set a demonstration's clock, replacing any before it."""
    DemoClock.objects.update_or_create(
        id=1, defaults={"real": timezone.now(), "hospital": at, "rate": 1.0, "running": running}
    )


@transaction.atomic
def change(
    *, running: bool | None = None, rate: float | None = None, forward: timedelta | None = None
) -> datetime:
    """Pause, hasten or move the demo clock; it never goes back, since facts already carry its times."""
    if forward is not None and forward < timedelta(0):
        raise Refused("The clock only moves forward. Start over with: soar2 demo --reset")
    row = DemoClock.objects.select_for_update().filter(id=1).first() if settings.PROGRAMME.demo else None
    if row is None:
        raise Refused("Only a demonstration has a clock that can be changed.")
    real = (
        timezone.now()
    )  # after the lock: of two people who press a button at once the second sees the first
    row.hospital = reading(row, real) + (forward or timedelta(0))
    row.real = real
    row.running = row.running if running is None else running
    row.rate = row.rate if rate is None else rate
    row.save()
    return row.hospital

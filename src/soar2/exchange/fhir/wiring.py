"""The door put together from Django's settings; and the note that a report was read back by a machine."""

from collections.abc import Callable

from django.conf import settings
from django.db import Error, close_old_connections

from soar2.exchange.dispatch import feeds
from soar2.exchange.fhir.bodies import Bodies
from soar2.exchange.fhir.door import ROOT, Door, Place
from soar2.exchange.fhir.http import Environ
from soar2.exchange.fhir.inbox import BodyInbox
from soar2.exchange.fhir.keys import Holder
from soar2.exchange.fhir.lookups import DatabaseAway, Lookups
from soar2.exchange.fhir.writer import Writer
from soar2.exchange.inbox import connection_arguments
from soar2.pathway.reports.queries import patients_of_message
from soar2.record import audit, clock


def make_door(
    client: Callable[[Environ], str], plain: Callable[[Environ], bool], bodies: Bodies | None = None
) -> Door:
    """A door over Django's default database. Nothing is connected to before the first request needs it."""
    arguments, demo = connection_arguments(), settings.PROGRAMME.demo
    base = settings.PROGRAMME.address.rstrip("/")
    return Door(
        Place(f"{base}{ROOT}", client, https=base.startswith("https:"), plain=plain),
        feeds,
        Lookups(arguments),
        Writer(lambda: BodyInbox(arguments, demo=demo)),
        note_opened,
        bodies,
    )


def note_opened(message: int, holder: Holder) -> None:
    """A machine's look at a report is a row like a person's. Raises ``DatabaseAway``: then nothing is shown."""
    close_old_connections()
    try:
        now, patients = clock.now(), patients_of_message(message)
        for patient in patients:
            audit.opened(patient, person=None, username=holder.name, page="fhir", at=now)
        if not patients:
            audit.opened_unidentified(
                f"message {message}", person=None, username=holder.name, page="fhir", at=now
            )
    except Error as fault:
        raise DatabaseAway from fault
    finally:
        close_old_connections()

"""What the frame of every page shows: whether this is a demonstration, who is signed in, whether feeds live."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from soar2.exchange import queries as exchange
from soar2.record import clock, people
from soar2.record.models import Person
from soar2.record.permissions import granted


@dataclass(frozen=True)
class Label:
    """The signed-in person for the menu."""

    name: str
    role_words: str


def frame(request: HttpRequest) -> dict[str, Any]:
    """Asks the database only for what a template uses; tells a visitor who is not signed in nothing."""
    user = getattr(request, "user", None)
    shown: dict[str, Any] = {"demo": settings.PROGRAMME.demo}
    if user is not None and user.is_authenticated:
        shown["feed_state"] = SimpleLazyObject(lambda: exchange.feed_state(clock.now()))
        shown["may"] = SimpleLazyObject(lambda: _rights(user))
        shown["person"] = SimpleLazyObject(lambda: _label(people.person_of(user), user.get_username()))
    return shown


def _label(person: Person | None, username: str) -> Label:
    if person is None:
        return Label(username, "")
    return Label(person.label, ", ".join(person.roles.order_by("name").values_list("name", flat=True)))


def _rights(user: Any) -> dict[str, bool]:
    """What the viewer may do, by names that templates can read: ``may.notices_answer``."""
    return {permission.replace(".", "_").replace("-", "_"): True for permission in granted(user)}

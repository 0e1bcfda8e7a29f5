"""The people a demonstration lets one be, and how one becomes them: a button instead of a password."""

from dataclasses import dataclass

from django.contrib.auth import get_user_model, login
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest

from soar2.errors import Refused
from soar2.record import clock
from soar2.record.models import Person

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@dataclass(frozen=True)
class Persona:
    """``key`` is the person's in soar2.toml, ``leads`` the page on which their day begins."""

    key: str
    name: str
    work: str
    sees: str
    leads: str = "/"


PERSONAS = (
    Persona(
        "bell",
        "N. Bell RN",
        "nurse navigator",
        "The worklist: whose scan changed, who has answered for it, what is due next, and one action a row.",
    ),
    Persona(
        "lindqvist",
        "Dr Lindqvist",
        "spine oncology on call",
        "Ivo Castle's notice, owned and running out; urgent reports out of hours come to this phone.",
    ),
    Persona(
        "okafor",
        "Dr Okafor",
        "neurosurgery on call",
        "Ada Finch's emergent notice: the grade, the drawing, whom to call, and minutes left to record an action.",
    ),
    Persona(
        "hale",
        "Dr Hale",
        "neuroradiologist",
        "What became of a signed report: open a patient, then Report text. The words behind each finding are marked.",
    ),
    Persona(
        "osei",
        "R. Osei",
        "integration",
        "The feeds: what came in, what went out, which process lives, what could not be read and why.",
        "/feeds/",
    ),
    Persona(
        "varga",
        "Dr Varga",
        "director, radiation oncology",
        "The whole worklist of the programme: what is overdue, who owns what, and which calls wait for a person.",
    ),
    Persona(
        "whitlock",
        "D. Whitlock",
        "security officer",
        "Who opened a chart and what a person looked at. No chart opens from here, and each search is recorded.",
        "/audit/",
    ),
)


def persona(key: str) -> Persona | None:
    """The persona of that key, or None: no other person of the rota can be borrowed."""
    return next((one for one in PERSONAS if one.key == key), None)


def become(request: HttpRequest, who: Persona) -> None:
    """Sign the request's session in as ``who``. The first to come sets the paused clock running.

    Raises Refused when the demonstration has no such person, or theirs is a real account.
    """
    accounts = get_user_model()
    first = not accounts.objects.filter(last_login__isnull=False).exists()
    login(request, _account_of(who), backend=BACKEND)
    row = clock.state()
    if first and row is not None and not row.running:
        clock.change(running=True)


@transaction.atomic
def _account_of(who: Persona) -> User:
    person = Person.objects.select_for_update().filter(key=who.key).first()
    if person is None:
        raise Refused(f"{who.name} is not in this demonstration yet. Start over with: soar2 demo --reset")
    if person.user is None:
        account, made = get_user_model().objects.get_or_create(username=who.key)
        if made:
            account.set_unusable_password()
            account.save()
        person.user = account
        person.save(update_fields=["user"])
    if person.user.has_usable_password():
        raise Refused(f"{who.name} has an account with a password here; no button opens that.")
    return person.user

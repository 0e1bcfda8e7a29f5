"""The two questions that pages ask: may this account do that, and what is said to whoever may not.

The table behind them is in ``rights``.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from soar2.record import audit, clock
from soar2.record.models import Patient, Person, Role
from soar2.record.rights import ADMINISTRATOR, ASK, ASK_OTHERWISE, PERMISSIONS, holders, of_role

BY_SCRIPT = "X-Soar2-Fetch"  # a page that asked in the background wants one sentence, not a page
View = Callable[..., HttpResponse]


def granted(who: Any) -> frozenset[str]:
    """Everything an account (or a person) may do. One query an account, kept for as long as its request."""
    kept = getattr(who, "_granted", None)
    if kept is None:
        kept = _granted(who)
        if not isinstance(who, Person) and who is not None:
            who._granted = kept
    return kept


def may(who: Any, permission: str) -> bool:
    """Whether an account (or a person) holds a permission. Raises KeyError for a word that is none."""
    if permission not in PERMISSIONS:
        raise KeyError(permission)
    return permission in granted(who)


def _granted(who: Any) -> frozenset[str]:
    if who is None or not (isinstance(who, Person) or who.is_authenticated):
        return frozenset()
    keys = _role_keys(who) + ([ADMINISTRATOR] if getattr(who, "is_staff", False) else [])
    return frozenset[str]().union(*(of_role(settings.PROGRAMME, key) for key in keys))


def role_may(key: str, permission: str) -> bool:
    """Whether holders of a role hold a permission, whoever they are."""
    return permission in of_role(settings.PROGRAMME, key)


def _role_keys(who: Any) -> list[str]:
    """Roles of whoever is still named in the settings: leaving the programme ends access, not only turns."""
    held = Q(people=who.pk) if isinstance(who, Person) else Q(people__user=who.pk)
    return list(Role.objects.filter(held, people__active=True).values_list("key", flat=True))


def require(
    *permissions: str, patient_of: Callable[..., UUID | None] | None = None, recorded: bool = True
) -> Callable[[View], View]:
    """A view for those who hold all of ``permissions``. For others: 403, a sentence, and one audit row.

    ``patient_of`` takes the address's parameters and names the patient whose page was refused.
    ``recorded`` is off for what a page asks every second by itself: a row a second would say nothing more.
    """
    if unknown := set(permissions) - set(PERMISSIONS):
        raise KeyError(*unknown)

    def wrap(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            lacking = next((one for one in permissions if not may(request.user, one)), "")
            if not lacking:
                return view(request, *args, **kwargs)
            if recorded:
                _record(request, lacking, patient_of(**kwargs) if patient_of else None)
            return refusal(request, lacking)

        checked.permissions = permissions  # type: ignore[attr-defined]
        return checked

    return wrap


def _record(request: HttpRequest, permission: str, patient: UUID | None) -> None:
    page = request.resolver_match.view_name if request.resolver_match else ""
    found = Patient.objects.filter(id=patient).first() if patient else None
    audit.refused(request.user, page=page, permission=permission, patient=found, at=clock.now())


def refusal(request: HttpRequest, permission: str) -> HttpResponse:
    """403: what the account may not do, which roles may, and whom to ask; one sentence for a script."""
    said = refusal_words(request.user, permission)
    if request.headers.get(BY_SCRIPT):
        return HttpResponse(" ".join(said), status=403, content_type="text/plain; charset=utf-8")
    return render(request, "403.html", {"happened": said[0], "holders": said[1], "ask": said[2]}, status=403)


def refusal_words(user: Any, permission: str) -> tuple[str, str, str]:
    """What happened, who may, whom to ask: three sentences."""
    happened = f"Your roles do not let you {PERMISSIONS[permission]}."
    if not Person.objects.filter(user=user.pk, active=True).exists() and not user.is_staff:
        happened = (
            f"Your account stands for no person in the programme, so it cannot {PERMISSIONS[permission]}."
        )
    return happened, holders_words(permission), ask_words(permission)


def holders_words(permission: str) -> str:
    """'Open to: Interface desk.'"""
    names = holders(settings.PROGRAMME, permission)
    return f"Open to: {', '.join(names)}." if names else "No role of this programme has it."


def ask_words(permission: str) -> str:
    """'Ask the Lead navigator, 4-7711.'"""
    named = {entry.key: entry for entry in settings.PROGRAMME.roles}
    for key in (*ASK.get(permission, ()), *ASK_OTHERWISE):
        if key in named:
            phone = f", {named[key].phone}" if named[key].phone else ""
            return f"Ask the {named[key].name}{phone}."
    return "Ask whoever keeps soar2.toml."

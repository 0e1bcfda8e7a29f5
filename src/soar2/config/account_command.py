"""``soar2 admin`` for accounts that exist: a new password, the end of a lock, closed and open again.

There is no page for it: whoever may do this holds the machine, and each of it is a fact with the machine's account.
"""

import getpass
from collections.abc import Callable
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from soar2.config.ready import ask_twice

Say = Callable[[str], None]


def run_account(
    what: str,
    name: str,
    *,
    password: str | None = None,
    ask: Callable[[str], str] = getpass.getpass,
    say: Say = print,
) -> int:
    """``soar2 admin password|unlock|close|open NAME``: 1 with a sentence when nothing was changed."""
    try:
        account = _account(name)
        with transaction.atomic():
            said = VERBS[what](account, password, ask)
            record(f"account.{FACTS[what]}", account.get_username())
    except ValidationError as fault:
        for sentence in fault.messages:
            say(sentence)
        return 1
    say(said)
    return 0


def _account(name: str) -> Any:
    account = get_user_model().objects.filter(username__iexact=name).first()
    if account is None:
        raise ValidationError(f"There is no account '{name}'.")
    return account


def _password(account: Any, given: str | None, ask: Callable[[str], str]) -> str:
    """Django ends every session of an account whose password changes."""
    password = ask_twice(ask) if given is None else given
    validate_password(password, account)
    account.set_password(password)
    account.save(update_fields=["password"])
    _forget_tries(account)
    return f"The account '{account.get_username()}' has a new password and no lock; its sessions have ended."


def _unlock(account: Any, given: str | None, ask: Callable[[str], str]) -> str:
    tries = _forget_tries(account)
    if not tries:
        raise ValidationError(f"The account '{account.get_username()}' has no lock. Nothing was changed.")
    return f"The account '{account.get_username()}' has no lock any more."


def _forget_tries(account: Any) -> int:
    from axes.utils import reset

    found: int = reset(username=account.get_username().casefold())
    return found


def _close(account: Any, given: str | None, ask: Callable[[str], str]) -> str:
    _set_active(account, False, "closed already")
    return f"The account '{account.get_username()}' is closed; its sessions have ended. What it did stays."


def _open(account: Any, given: str | None, ask: Callable[[str], str]) -> str:
    _set_active(account, True, "open already")
    return f"The account '{account.get_username()}' is open again."


def _set_active(account: Any, active: bool, already: str) -> None:
    if account.is_active == active:
        raise ValidationError(f"The account '{account.get_username()}' is {already}. Nothing was changed.")
    account.is_active = active
    account.save(update_fields=["is_active"])


VERBS: dict[str, Callable[[Any, str | None, Callable[[str], str]], str]] = {
    "password": _password,
    "unlock": _unlock,
    "close": _close,
    "open": _open,
}
FACTS = {"password": "password-set", "unlock": "unlocked", "close": "closed", "open": "reopened"}


def record(kind: str, name: str) -> None:
    """Who may come in is audited like who looked."""
    from soar2.record import clock, ledger

    ledger.record(kind, at=clock.now(), subject=name[:64], actor=f"{getpass.getuser()} by soar2 admin")

"""The subcommand ``soar2 token``: make, revoke and list the tokens by which machines come in by HTTP.

A token is shown once; a digest is kept. Making and revoking one are facts of the ledger.
"""

import getpass
import re
from argparse import Namespace
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import TextIO

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from soar2.errors import Refused
from soar2.exchange.fhir.keys import CREATE, SCOPES, digest, new_key
from soar2.exchange.models import ApiToken
from soar2.record import clock, ledger

LONGEST_DAYS = 3650
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


def run_token(args: Namespace, stdout: TextIO, stderr: TextIO) -> int:
    """One of create, revoke, list. The token alone goes to ``stdout``, so that a script can catch it."""
    try:
        if args.what == "create":
            key = create(args.name, args.feed, args.scope or [CREATE], args.days)
            print(key, file=stdout)
            print(
                "This is the only time the token is shown. Give it to the sender's system now.", file=stderr
            )
        elif args.what == "revoke":
            revoke(args.name)
            print(f"The token {args.name} opens nothing any more.", file=stdout)
        else:
            _print_list(stdout)
    except Refused as fault:
        print(fault.reason, file=stderr)
        return 1
    return 0


def create(name: str, feed: str, scopes: list[str], days: int) -> str:
    """A new token for one feed; returns it. Raises Refused with a sentence for whoever typed the command."""
    _check(name, feed, scopes, days)
    now, key = timezone.now(), new_key()
    with transaction.atomic():
        known = ApiToken.objects.filter(name=name).first()
        if known is not None:
            state = "was revoked; its name stays with what it brought" if known.revoked_at else "is in use"
            raise Refused(f"A token named {name} {state}. Choose another name.")
        ApiToken.objects.create(
            name=name,
            feed=feed,
            scopes=sorted(set(scopes)),
            digest=digest(key),
            created_at=now,
            created_by=_who(),
            expires_at=now + timedelta(days=days),
        )
        ledger.record(
            "token.created", at=clock.now(), subject=name, actor=_who(), feed=feed, scopes=sorted(set(scopes)),
            days=days,
        )  # fmt: skip
    return key


def revoke(name: str) -> None:
    """Make a token worthless; every process of the door knows within a second. Raises Refused."""
    with transaction.atomic():
        token = ApiToken.objects.select_for_update().filter(name=name).first()
        if token is None:
            near = get_close_matches(name, ApiToken.objects.values_list("name", flat=True), 1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise Refused(f"There is no token named {name}.{hint}")
        if token.revoked_at is not None:
            raise Refused(
                f"The token {name} was revoked on {token.revoked_at:%d %b %Y at %H:%M} UTC already."
            )
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        ledger.record("token.revoked", at=clock.now(), subject=name, actor=_who(), feed=token.feed)


def _check(name: str, feed: str, scopes: list[str], days: int) -> None:
    if not _NAME.match(name):
        raise Refused("A token's name has 1 to 64 letters, digits, dots, hyphens and underscores.")
    feeds = [table["name"] for table in settings.PROGRAMME.feed_tables]
    if feed not in feeds:
        raise Refused(f"soar2.toml has no feed named {feed!r}. Its feeds: {', '.join(feeds) or 'none'}.")
    for scope in scopes:
        if scope not in SCOPES:
            raise Refused(f"{scope!r} is no scope. There are: {', '.join(SCOPES)}.")
    if not 0 < days <= LONGEST_DAYS:
        raise Refused(f"A token lives for 1 to {LONGEST_DAYS} days.")


def _who() -> str:
    """The account of this machine that ran the command."""
    try:
        return getpass.getuser()
    except OSError:
        return "unknown"


def _print_list(out: TextIO) -> None:
    rows = list(ApiToken.objects.order_by("created_at"))
    if not rows:
        print("There are no tokens. Make one with: soar2 token create NAME --feed FEED", file=out)
    now = timezone.now()
    for row in rows:
        used = f"last used {row.last_used_at:%Y-%m-%d %H:%M} UTC" if row.last_used_at else "never used"
        print(f"{row.name}  {_state(row, now)}  {row.feed}  {' '.join(row.scopes)}  {used}", file=out)


def _state(row: ApiToken, now: datetime) -> str:
    if row.revoked_at:
        return f"revoked {row.revoked_at:%Y-%m-%d}"
    if row.expires_at and row.expires_at <= now:
        return f"expired {row.expires_at:%Y-%m-%d}"
    return f"good until {row.expires_at:%Y-%m-%d}" if row.expires_at else "good"

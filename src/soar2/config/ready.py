"""What must be in order before SOaR2 starts, and what is made before it can: a secret, an administrator."""

import fcntl
import getpass
import ipaddress
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlsplit

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from soar2.config.scrape_token import token_faults
from soar2.criteria.packs import PackRefused, load_pack
from soar2.exchange import feeds, mappings, tls
from soar2.exchange.senders import webhook
from soar2.record.rights import permission_faults

SHORTEST_SECRET = 50  # characters; with fewer than FEWEST_KINDS different ones it is no secret either
FEWEST_KINDS = 10


def faults_before_start(settings: Any, environ: Mapping[str, str]) -> list[str]:
    """A sentence for each reason not to start; an empty list when all is well.

    ``settings`` is Django's, ``environ`` the environment. A fault in the settings file stops a demonstration
    too; the rest concerns production, except that a demonstration must not leave its machine.
    """
    programme = settings.PROGRAMME
    faults = [*settings.PROGRAMME_FAULTS, *feeds.check(programme.feed_tables), *_mail_faults(programme.smtp)]
    faults += [*_pack_faults(programme.pack), *webhook.faults(programme.webhooks)]
    faults += [*tls.faults(programme.mllp), *permission_faults(programme), *_watching_faults(environ)]
    if programme.demo:
        return faults + _demo_faults(settings)
    return faults + _secret_faults(settings) + _open_doors(settings)


def warnings_before_start(settings: Any, environ: Mapping[str, str]) -> list[str]:
    """What works but should not stay so; said at each start of production."""
    programme = settings.PROGRAMME
    if programme.demo or not programme.address:
        return []
    said = webhook.warnings(programme.webhooks)
    host = urlsplit(programme.address).hostname or ""
    if not programme.address.startswith("https://"):
        if not loopback(host):
            said.append("address is not https: passwords and patient pages cross the network in the clear.")
    elif not settings.SECURE_PROXY_SSL_HEADER:
        said.append(
            "address is https but SOAR2_BEHIND_PROXY is not 1: set it if a proxy ends TLS and sets "
            "X-Forwarded-Proto and X-Forwarded-For itself; otherwise lock-outs count the proxy as one person."
        )
    if programme.smtp.security == "none" and programme.smtp.host and not loopback(programme.smtp.host):
        said.append("[smtp] security is none: messages go to the mail server unencrypted.")
    return said


def run_check(out: TextIO) -> int:
    """``soar2 check``: every reason not to start and every warning, one a line; 0 when it would start."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soar2.config.settings")
    from django.conf import settings

    faults = faults_before_start(settings, os.environ)
    for sentence in faults:
        print(sentence, file=out)
    for sentence in [*warnings_before_start(settings, os.environ), *_mapping_warnings(settings)]:
        print(f"Warning: {sentence}", file=out)
    if faults:
        return 1
    print(f"{settings.CONFIG_FILE} is in order: {_counted(settings.PROGRAMME)}.", file=out)
    return 0


def _mapping_warnings(settings: Any) -> list[str]:
    """A mapping with a fault stops no start: its feed is read as ``soar2.toml`` alone says, and what that
    cannot read is held for a person. Only of feeds that are themselves in order."""
    return [] if feeds.check(settings.PROGRAMME.feed_tables) else mappings.mapping_faults()


def _counted(programme: Any) -> str:
    parts = {
        "role": programme.roles,
        "person": programme.people,
        "turn": programme.rota,
        "feed": programme.feed_tables,
    }
    many = {"person": "people"}
    return ", ".join(
        f"{len(found)} {word if len(found) == 1 else many.get(word, word + 's')}"
        for word, found in parts.items()
    )


def loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    name = host.strip().strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _watching_faults(environ: Mapping[str, str]) -> list[str]:
    """Of what lets others watch the system run."""
    faults = token_faults(environ.get("SOAR2_METRICS_TOKEN_FILE", ""))
    written = environ.get("SOAR2_LOG_FORMAT", "text")
    if written not in ("text", "json"):
        faults.append(f"SOAR2_LOG_FORMAT is {written}; it must be text or json.")
    return faults


def _pack_faults(pack: tuple[str, str]) -> list[str]:
    """Without its pack no report can be scored: better no worker than one that holds every report."""
    try:
        load_pack(*pack)
    except PackRefused as fault:
        return [f"[pack] {fault}"]
    return []


def _demo_faults(settings: Any) -> list[str]:
    if loopback(settings.BIND):
        return []
    return [
        f"SOAR2_BIND is {settings.BIND}, and a demonstration has no passwords: it runs on 127.0.0.1 only. "
        'For other machines set mode = "production".'
    ]


def _secret_faults(settings: Any) -> list[str]:
    make = "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(64))'"
    secret = settings.SECRET_KEY
    if secret == settings.PLACEHOLDER_SECRET or secret.startswith("django-insecure-"):
        return [f"SOAR2_SECRET_KEY is not set, and sessions signed with the default can be forged; {make}"]
    if len(secret) < SHORTEST_SECRET or len(set(secret)) < FEWEST_KINDS:
        return [f"SOAR2_SECRET_KEY is too short or too plain to resist guessing; {make}"]
    return []


def _open_doors(settings: Any) -> list[str]:
    faults = []
    if settings.DEBUG:
        faults.append("SOAR2_DEBUG is 1: its error pages show report text and settings to anybody. Unset it.")
    if "*" in settings.ALLOWED_HOSTS:
        faults.append("SOAR2_ALLOWED_HOSTS is *: name the hosts, or a request may call this one anything.")
    return faults


def _mail_faults(smtp: Any) -> list[str]:
    """``[smtp]`` without a host is already a fault of the settings file."""
    if smtp.username and not smtp.password_file:
        return ["[smtp] has a username but no password_file, so the mail server would refuse every notice."]
    if smtp.password_file and not os.access(smtp.password_file, os.R_OK):
        return [f"[smtp] password_file {smtp.password_file} cannot be read by the account SOaR2 runs as."]
    return []


def demo_secret(home: Path) -> str:
    """The demonstration's own secret, made once and kept in ``home``/secret-key for its owner's eyes.

    Several processes may ask at once and get the same: the file appears whole or not at all.
    """
    kept = Path(home) / "secret-key"
    kept.parent.mkdir(parents=True, exist_ok=True)
    with _alone_in(kept.parent):  # or one process could take away what another has just made
        if not kept.exists() or len(kept.read_text().strip()) < SHORTEST_SECRET:
            _write_secret(kept)
        kept.chmod(0o600)
        return kept.read_text().strip()


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """One process or thread at a time; the lock ends with its holder, however that ends."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _write_secret(kept: Path) -> None:
    """In place of one cut short by a full disk, too: nothing signed with that is worth keeping."""
    fresh = kept.with_name(f"{kept.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(64))
        fresh.replace(kept)
    finally:
        fresh.unlink(missing_ok=True)


def create_admin(
    name: str,
    *,
    password: str | None = None,
    email: str = "",
    person: str | None = None,
    administrator: bool = False,
    ask: Callable[[str], str] = getpass.getpass,
    say: Callable[[str], None] = print,
) -> int:
    """Make the account ``name``; the exit code of ``soar2 admin create``. Needs Django set up.

    Without ``password`` it is asked for twice without echo. ``person`` is the key of the ``[[person]]`` the
    account stands for. There is no way around the product's pages: ``is_staff`` marks an ``administrator``,
    nobody is a superuser.
    """
    try:
        given = ask_twice(ask) if password is None else password
        said = _make_account(name, given, email, person, administrator)
    except ValidationError as fault:
        for sentence in fault.messages:
            say(sentence)
        return 1
    say(said)
    return 0


def ask_twice(ask: Callable[[str], str]) -> str:
    """A new password. Raises ValidationError when the two differ."""
    first, second = ask("Password: "), ask("Password again: ")
    if first != second:
        raise ValidationError("The two passwords differ. Nothing was changed.")
    return first


def _make_account(name: str, password: str, email: str, key: str | None, administrator: bool) -> str:
    """Returns the sentence that tells of it. Raises ValidationError."""
    accounts = get_user_model()
    if accounts.objects.filter(username__iexact=name).exists():
        raise ValidationError(f"There already is an account '{name}'. Nothing was changed.")
    account = accounts(username=name, email=email, is_staff=administrator)
    validate_password(password, account)
    account.set_password(password)
    account.full_clean()
    person = _person_for(key) if key else None
    with transaction.atomic():
        account.save()
        if person is not None:
            person.user = account
            person.save(update_fields=["user"])
        _record_made(account.get_username())
    kind = "administrator account" if administrator else "account"
    stands = person.name if person else "nobody on the rota, so it can own no notice"
    return f"The {kind} '{name}' is made. It stands for {stands}."


def _record_made(name: str) -> None:
    from soar2.config.account_command import record

    record("account.created", name)


def _person_for(key: str) -> Any:
    from soar2.record.models import Person  # this module is read before Django is set up

    person = Person.objects.filter(key=key).first()
    if person is None:
        known = ", ".join(Person.objects.filter(active=True).order_by("key").values_list("key", flat=True))
        raise ValidationError(f"There is no [[person]] '{key}' on record. Known are: {known or 'none yet'}.")
    if person.user is not None:
        raise ValidationError(f"{person.name} already has the account '{person.user.get_username()}'.")
    return person

"""How every process starts: find the database, set Django up, refuse what is not safe, then run."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from soar2.config.postgres import PrivateServer, ServerFault


def home() -> Path:
    """The state directory: ``SOAR2_HOME``, else ``.soar2`` here."""
    return Path(os.environ.get("SOAR2_HOME", ".soar2")).resolve()


def find_database() -> None:
    """Point this process at its database: ``DATABASE_URL``, else the private server of the state directory.

    Raises ``ServerFault`` when neither is there.
    """
    if os.environ.get("DATABASE_URL"):
        return
    server = PrivateServer(home())
    if not server.running():
        raise ServerFault("There is no database: set DATABASE_URL, or start the private one with soar2 demo.")
    os.environ["DATABASE_URL"] = server.url()


def setup() -> None:
    import django

    from soar2.config.logs import catch_the_rest

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soar2.config.settings")
    django.setup()
    catch_the_rest()


def with_database(run: Callable[[], int], *, need_ready: bool = True, need_answer: bool = False) -> int:
    """Run ``run`` with Django set up and a database; says in sentences why it will not.

    ``need_answer``: a command that ends, and so must not wait for a database that is away.
    """
    try:
        find_database()
        setup()
        if need_answer:
            _ask_database()
    except ServerFault as fault:
        print(fault, file=sys.stderr)
        return 1
    if need_ready:
        from django.conf import settings

        from soar2.config.ready import faults_before_start

        faults = faults_before_start(settings, os.environ)
        if faults:
            print("SOaR2 does not start:", *faults, sep="\n  ", file=sys.stderr)
            return 1
    return run()


def _ask_database() -> None:
    """Raises ``ServerFault`` when the database does not answer; libpq's own first line says why."""
    from django.db import Error, connection

    try:
        connection.ensure_connection()
    except Error as fault:
        why = str(fault).strip().splitlines()[0]
        raise ServerFault(f"The database that DATABASE_URL names does not answer: {why}") from None


def bring_up(out: TextIO) -> int:
    """Migrate, then load roles, people and rota. Safe to repeat and to run from several hosts.

    Migrations go forward only, so a dump is written before any that changes a database with data; without
    the dump nothing is migrated. From a settings file with faults nothing is loaded: half a file would take
    people off the rota. Then 1.
    """
    from django.conf import settings

    from soar2.config.upgrade import NotUpgraded, upgrade
    from soar2.record.people import load_programme

    try:
        upgrade(out)
    except NotUpgraded as reason:
        print(reason, file=sys.stderr)
        return 1
    if settings.PROGRAMME_FAULTS:
        print(
            "Roles, people and rota stay as they were:",
            *settings.PROGRAMME_FAULTS,
            sep="\n  ",
            file=sys.stderr,
        )
        return 1
    load_programme(settings.PROGRAMME)
    print("The database is at this version; roles, people and rota are loaded.", file=out)
    return 0

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

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soar2.config.settings")
    django.setup()


def with_database(run: Callable[[], int], *, need_ready: bool = True) -> int:
    """Run ``run`` with Django set up and a database; says in sentences why it will not."""
    try:
        find_database()
    except ServerFault as fault:
        print(fault, file=sys.stderr)
        return 1
    setup()
    if need_ready:
        from django.conf import settings

        from soar2.config.ready import faults_before_start

        faults = faults_before_start(settings, os.environ)
        if faults:
            print("SOaR2 does not start:", *faults, sep="\n  ", file=sys.stderr)
            return 1
    return run()


def bring_up(out: TextIO) -> None:
    """Migrate, then load roles, people and rota. Safe to repeat and to run from several hosts."""
    from django.conf import settings
    from django.core.management import call_command

    from soar2.record.people import load_programme

    call_command("migrate", verbosity=0, interactive=False)
    load_programme(settings.PROGRAMME)
    print("The database is at this version; roles, people and rota are loaded.", file=out)

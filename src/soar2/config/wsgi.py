"""The WSGI application that ``soar2 web`` serves: the FHIR door, and Django for everything else.

A machine that brings a report needs no session, no page and no form protection; what those cost is saved, and
what they do not know of (a body of 16 MiB, a commit shared by many) is done beside them.
"""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soar2.config.settings")
pages = get_wsgi_application()

from soar2.config.logs import catch_the_rest  # noqa: E402 - Django must be set up first
from soar2.exchange.fhir.door import ROOT  # noqa: E402
from soar2.exchange.fhir.wiring import make_door  # noqa: E402


def client(environ: dict[str, Any]) -> str:
    """Where a request comes from; the proxy's word is taken only where there is one (``accounts``)."""
    direct: str = environ.get("REMOTE_ADDR", "")
    if not settings.BEHIND_PROXY:
        return direct
    return str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")[-1].strip() or direct


def plain(environ: dict[str, Any]) -> bool:
    """Whether the proxy took a request without encryption although this programme's address has it."""
    https = settings.PROGRAMME.address.startswith("https:")
    return settings.BEHIND_PROXY and https and environ.get("HTTP_X_FORWARDED_PROTO", "") == "http"


catch_the_rest()  # the server begins its workers anew: nothing of the command that began it is set here
door = make_door(client, plain)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    if path.startswith(ROOT) and path[len(ROOT) : len(ROOT) + 1] in ("", "/"):
        return door(environ, start_response)
    return pages(environ, start_response)

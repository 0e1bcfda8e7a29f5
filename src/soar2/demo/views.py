"""The controls of a demonstration: who one is, what time it is, what arrived on the telephone."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from soar2.config.ready import loopback
from soar2.demo import controls, inbox
from soar2.demo import personas as people
from soar2.errors import Refused
from soar2.record.models import Person
from soar2.record.permissions import require

FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP")


def demo_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """In a demonstration, from the machine it runs on; for anybody else the address does not exist.

    The host's name is looked at as well as the connection: a page elsewhere may call its own name 127.0.0.1.
    Whatever came through a proxy came from somewhere else.
    """

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        host = urlsplit(f"//{request.get_host()}").hostname or ""
        near = loopback(request.META.get("REMOTE_ADDR", "")) and loopback(host)
        if not settings.PROGRAMME.demo or not near or any(name in request.headers for name in FORWARDED):
            raise Http404
        return view(request, *args, **kwargs)

    return checked


@login_not_required
@demo_only
@require_GET
def personas(request: HttpRequest) -> HttpResponse:
    """'Who are you today?': a button a person."""
    onward = _local(request, request.GET.get("next", ""))
    return render(request, "demo/personas.html", {"personas": people.PERSONAS, "onward": onward})


@login_not_required
@demo_only
@require_POST
def be(request: HttpRequest, key: str) -> HttpResponse:
    """Sign in as a persona and go where their day begins, or where a link wanted to lead."""
    who = people.persona(key)
    if who is None:
        raise Http404
    onward = _local(request, request.POST.get("next", ""))
    try:
        people.become(request, who)
    except Refused as no:
        return render(
            request,
            "demo/personas.html",
            {"personas": people.PERSONAS, "onward": onward, "refused": no.reason},
            status=409,
        )
    return redirect(onward or who.leads)


@demo_only
@require_POST
@require("demo.control")
def clock(request: HttpRequest) -> HttpResponse:
    """Pause, hasten or move the demo clock, and back to the page one was on."""
    try:
        controls.turn(request.POST.get("do", ""), request.POST.get("moment", ""))
    except Refused as no:
        messages.warning(request, no.reason)
    return redirect(_local(request, request.headers.get("Referer", "")) or "/")


@demo_only
@require_GET
@require("demo.control")
def mail(request: HttpRequest) -> HttpResponse:
    """The simulated telephone: what the people on call were sent, newest first."""
    received = inbox.received(settings.HOME, settings.PROGRAMME.address)
    names = {one.email: one.label for one in Person.objects.exclude(email="")}
    rows = [(one, names.get(one.to, one.to), controls.in_words(one.at)) for one in received]
    return render(request, "demo/mail.html", {"rows": rows})


def _local(request: HttpRequest, address: str) -> str:
    """The path (and question) of an address on this host; empty for any other address."""
    if not url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure()):
        return ""
    parts = urlsplit(address)
    local = parts.path + (f"?{parts.query}" if parts.query else "")
    # http://here//elsewhere is on this host, its path alone is not
    return local if local.startswith("/") and url_has_allowed_host_and_scheme(local, None) else ""

"""Who may read /metrics: whoever shows the token, or a process of this machine where no proxy stands before us."""

import hmac
import ipaddress
import logging

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from soar2.config.scrape_token import read_token
from soar2.watch.metrics import Metrics

log = logging.getLogger("soar2.metrics")

TEXT = "text/plain; version=0.0.4; charset=utf-8"
METRICS = Metrics()


@login_not_required
@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """The Prometheus text format; 401 or 403 without the right to it, 503 without a database."""
    if refused := _refusal(request):
        return refused
    try:
        return HttpResponse(METRICS.text(), content_type=TEXT)
    except DatabaseError as fault:
        log.warning("no metrics: the database does not answer (%s)", type(fault).__name__)
        return HttpResponse("The database does not answer.\n", status=503, content_type="text/plain")


def _refusal(request: HttpRequest) -> HttpResponse | None:
    """Behind a proxy every request comes from this machine, so there only the token opens."""
    if settings.METRICS_TOKEN_FILE:
        if _shown(request):
            return None
        answer = HttpResponse("Show the token.\n", status=401, content_type="text/plain")
        answer.headers["WWW-Authenticate"] = 'Bearer realm="metrics"'
        return answer
    proxied = settings.BEHIND_PROXY or "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    if not proxied and _loopback(request.META.get("REMOTE_ADDR", "")):
        return None
    words = "Metrics are for this machine, unless SOAR2_METRICS_TOKEN_FILE names a token.\n"
    return HttpResponse(words, status=403, content_type="text/plain")


def _shown(request: HttpRequest) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    try:
        token = read_token(settings.METRICS_TOKEN_FILE)
    except ValueError as fault:
        log.error("%s", fault)
        return False
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


def _loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False

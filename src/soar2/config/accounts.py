"""Who signs in, and what counts as one person trying. An administrator makes accounts; nobody signs up.

allauth asks the adapter here what to do; django-axes asks the three functions whom to count, where from, and
what to answer when it has counted enough.
"""

from datetime import timedelta
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

TOO_MANY = 429
LONGEST_NAME = 150  # of a Django account; whatever is longer is no account


class NoSignUp(DefaultAccountAdapter):
    """Keeps of the login library what a hospital needs: signing in, signing out, a new password."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": "The name or the password is not right.",
        "incorrect_password": "The password is not right.",
        "enter_current_password": "The present password is not right.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
        """A closed account with the right password: said once, without an address of its own."""
        return render(request, "account/closed.html", status=403)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return settings.LOGIN_REDIRECT_URL

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)


def client_address(request: HttpRequest) -> str:
    """Where a request comes from: the connection's other end, or what the one trusted proxy says it was.

    Without a proxy the header is whatever the sender likes, so it is not read. With one, its last entry is
    the proxy's own; those before it are again whatever the sender likes.
    """
    direct: str = request.META.get("REMOTE_ADDR", "")
    if not settings.BEHIND_PROXY:
        return direct
    return request.headers.get("X-Forwarded-For", "").split(",")[-1].strip() or direct


def login_name(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """The name an attempt is counted under: an account is found in any case, so all spellings are one."""
    given = credentials or request.POST
    name = str(given.get("username") or given.get("login") or "")
    return name.replace("\0", "").strip().casefold()[:LONGEST_NAME]


def locked_out(request: HttpRequest, response: Any = None, credentials: Any = None) -> HttpResponse:
    """The page after too many wrong passwords. It neither repeats the name nor says whether it exists."""
    wait = timedelta(hours=settings.AXES_COOLOFF_TIME)
    minutes = round(wait.total_seconds() / 60)
    page = render(
        request,
        "account/locked.html",
        {"minutes": minutes, "tries": settings.AXES_FAILURE_LIMIT},
        status=TOO_MANY,
    )
    page.headers["Retry-After"] = str(round(wait.total_seconds()))
    return page

"""Headers that belong on every answer and have no setting of their own."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

Answering = Callable[[HttpRequest], HttpResponse]


def quiet_headers(get_response: Answering) -> Answering:
    """Pages hold patient data: no cache may keep them and no browser feature is lent to them."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response

    return middleware

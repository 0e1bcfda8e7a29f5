"""Headers that belong on every answer and have no setting of their own."""


def quiet_headers(get_response):
    """Pages hold patient data: no cache may keep them and no browser feature is lent to them."""

    def middleware(request):
        response = get_response(request)
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response

    return middleware

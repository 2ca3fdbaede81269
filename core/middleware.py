"""Middleware that any project with these apps can use."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from core.request_id import HEADER, WELL_FORMED, new_request_id, request_id_bound


class RequestIdMiddleware:
    """Gives each request an ID, binds it while the request is answered, and returns it as ``X-Request-ID``.

    The ID of an incoming header is kept only if it is well formed and the setting ``TRUSTED_PROXIES`` (the number of
    proxies in front of Django, 0 by default) says that a proxy of ours sent it. Put this middleware first, so that
    the log lines of all other middleware carry the ID.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request with its ID bound."""
        given = request.headers.get(HEADER, "") if getattr(settings, "TRUSTED_PROXIES", 0) else ""
        value = given if WELL_FORMED.fullmatch(given) else new_request_id()
        with request_id_bound(value):
            response = self.get_response(request)
        response.headers[HEADER] = value
        return response

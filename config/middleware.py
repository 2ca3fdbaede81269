"""Middleware of this project: one log line per request, and the Permissions-Policy header."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from config.security import PERMISSIONS_POLICY

_log: structlog.stdlib.BoundLogger = structlog.get_logger("teppan.request")


class AccessLogMiddleware:
    """Logs method, path, status, duration and account of each request, and adds the Permissions-Policy header.

    Belongs directly behind ``RequestIdMiddleware``. Static files are left out.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request, then log it."""
        begun = time.perf_counter()
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        if not request.path.startswith(str(settings.STATIC_URL)):
            _log.info(
                "request",
                method=request.method,
                path=safe_path(request),
                status=response.status_code,
                duration_ms=round((time.perf_counter() - begun) * 1000, 1),
                user_id=_user_id(request),
            )
        return response


def safe_path(request: HttpRequest) -> str:
    """Return the path without what a person may have typed into it.

    Where a URL pattern matched, that is the pattern, with the numbers and UUIDs that it captured. Where none did, it is
    the path itself; ``config.scrubbing`` removes emails and phone numbers from it.
    """
    match = request.resolver_match
    if match is None:
        return request.path
    path = f"/{match.route}"
    for name, value in match.kwargs.items():
        if _is_identifier(str(value)):
            path = re.sub(rf"<(?:\w+:)?{name}>", str(value), path)
    return path


def _is_identifier(text: str) -> bool:
    if text.isdecimal() and len(text) < len("2025550100"):
        return True
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _user_id(request: HttpRequest) -> str | None:
    """Return the account's ID if a view or middleware read the account; asking for it here would be a query more."""
    user = request.__dict__.get("user")
    if isinstance(user, SimpleLazyObject):
        user = request.__dict__.get("_cached_user")
    return str(user.pk) if user is not None and user.is_authenticated else None

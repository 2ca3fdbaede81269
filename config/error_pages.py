"""The pages for 400, 403, 404 and 500: they need neither the database nor the session, and show the request's ID.

``core.admin.middleware`` answers 403 and 404 inside the admin to people who have logged in.
"""

from __future__ import annotations

from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseForbidden,
    HttpResponseNotFound,
    HttpResponseServerError,
)
from django.template.loader import render_to_string

from core.request_id import current_request_id


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that Django refuses to process."""
    return HttpResponseBadRequest(_page("400.html"))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that the user may not make."""
    return HttpResponseForbidden(_page("403.html"))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose CSRF token is missing or outdated; Django has logged the reason."""
    return HttpResponseForbidden(_page("403_csrf.html"))


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request for an address that does not exist."""
    return HttpResponseNotFound(_page("404.html"))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer after an unhandled exception; Django has logged it with the same ID."""
    return HttpResponseServerError(_page("500.html"))


def _page(template: str) -> str:
    return render_to_string(template, {"request_id": current_request_id()})

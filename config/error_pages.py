"""The pages for 400 and 500: they need neither the database nor the session, and show the request's ID."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseServerError
from django.template.loader import render_to_string

from core.request_id import current_request_id


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that Django refuses to process."""
    return HttpResponseBadRequest(_page("400.html"))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer after an unhandled exception; Django has logged it with the same ID."""
    return HttpResponseServerError(_page("500.html"))


def _page(template: str) -> str:
    return render_to_string(template, {"request_id": current_request_id()})

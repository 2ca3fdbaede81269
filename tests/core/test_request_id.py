"""One ID per request: bound while it is answered, returned, and taken from nobody but a trusted proxy."""

from __future__ import annotations

import re

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings

from core.middleware import RequestIdMiddleware
from core.request_id import current_request_id

GIVEN = "0b8f6f3a-1d2e-4a5b-8c9d-0e1f2a3b4c5d"


def answered(header: str | None) -> tuple[str | None, str]:
    """Send a request through the middleware; return the ID that the view saw, and that of the response."""
    seen: list[str | None] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(current_request_id())
        return HttpResponse()

    headers = {} if header is None else {"X-Request-ID": header}
    response = RequestIdMiddleware(view)(RequestFactory().get("/", headers=headers))
    return seen[0], response.headers["X-Request-ID"]


def test_every_request_has_its_own() -> None:
    seen, returned = answered(None)
    assert seen == returned
    assert re.fullmatch(r"[0-9a-f]{32}", returned)
    assert answered(None)[1] != returned
    assert current_request_id() is None


def test_that_of_a_client_is_not_taken() -> None:
    assert answered(GIVEN)[1] != GIVEN


@override_settings(TRUSTED_PROXIES=1)
def test_that_of_a_trusted_proxy_is_kept() -> None:
    assert answered(GIVEN) == (GIVEN, GIVEN)


@override_settings(TRUSTED_PROXIES=1)
@pytest.mark.parametrize("header", ["", "short", "x" * 65, "jane@example.com", 'a"b,c d;e{f', "12345678\n{}"])
def test_a_malformed_one_is_replaced(header: str) -> None:
    seen, returned = answered(header)
    assert seen == returned
    assert re.fullmatch(r"[0-9a-f]{32}", returned)


def test_it_is_unbound_after_an_exception() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        RequestIdMiddleware(view)(RequestFactory().get("/"))
    assert current_request_id() is None

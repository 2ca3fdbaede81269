"""Headers and cookies of every answer."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import path
from pytest_django import DjangoAssertNumQueries

from adminpanel.models import AdminUser
from config.security import CONTENT_SECURITY_POLICY
from config.urls import urlpatterns as project_urls
from tests.adminpanel.conftest import PASSWORD, make_user


def broken(request: object) -> None:
    """Fail."""
    raise RuntimeError


urlpatterns = [path("broken/", broken), *project_urls]  # type: ignore[arg-type]  # a view that only fails
handler500 = "config.error_pages.server_error"


@pytest.fixture
def boss(db: None) -> AdminUser:
    """May do everything."""
    return make_user("boss", is_superuser=True)


def directives(header: str) -> dict[str, list[str]]:
    return {name: values for name, *values in (part.split() for part in header.split(";"))}


def test_the_policy_of_a_page(boss: AdminUser) -> None:
    client = Client()
    client.force_login(boss)
    for address in ("/admin/", "/admin/bookings/booking/", "/admin/bookings/booking/add/", "/nowhere/"):
        found = directives(client.get(address).headers["Content-Security-Policy"])
        assert found["default-src"] == ["'self'"]
        assert found["script-src"] == ["'self'", "'unsafe-eval'"]
        assert found["object-src"] == found["base-uri"] == found["frame-ancestors"] == ["'none'"]
        assert found["form-action"] == ["'self'"]


def test_no_other_host_is_allowed() -> None:
    allowed = {value for values in CONTENT_SECURITY_POLICY.values() for value in values}
    assert {str(value) for value in allowed} == {"'self'", "'none'", "'unsafe-eval'", "'unsafe-inline'", "data:"}


@pytest.mark.urls(__name__)
def test_the_page_of_a_failure_has_the_headers_too() -> None:
    response = Client(raise_request_exception=False).get("/broken/")
    assert response.status_code == 500
    assert response.headers["Content-Security-Policy"]
    assert response.headers["X-Frame-Options"] == "DENY"


def test_the_other_headers(db: None) -> None:
    headers = Client().get("/admin/login/").headers
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


def test_the_session_cookie(boss: AdminUser) -> None:
    client = Client()
    assert client.post("/admin/login/", {"username": boss.email, "password": PASSWORD}).status_code == 302
    cookie = client.cookies["sessionid"]
    assert cookie["max-age"] == 12 * 60 * 60
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Lax"
    assert client.get("/admin/").cookies.get("sessionid") is None


def test_the_login_page_needs_no_database(django_assert_num_queries: DjangoAssertNumQueries, db: None) -> None:
    with django_assert_num_queries(0):
        assert Client().get("/admin/login/").status_code == 200

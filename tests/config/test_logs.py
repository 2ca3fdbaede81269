"""What a request writes to the log, and above all what it does not."""

from __future__ import annotations

import io
import json
import logging
import logging.config
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import structlog
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from adminpanel.models import AdminUser
from config.logs import logging_settings
from config.urls import urlpatterns as project_urls
from tests.adminpanel.conftest import PASSWORD, make_user

EMAIL = "jane.doe@example.com"


def broken(request: HttpRequest) -> HttpResponse:
    """Fail as code does that meets a customer's row."""
    raise ValueError(f"no booking for {EMAIL}, 916-555-0123")


def speaking(request: HttpRequest, whom: str) -> HttpResponse:
    """Log in both ways, with a value that does not belong into a log."""
    logging.getLogger("bookings").warning("sent %s", EMAIL)
    structlog.get_logger("bookings").info("sent", to=EMAIL, booking_id=7)
    return HttpResponse()


def refusing(request: HttpRequest) -> HttpResponse:
    """Refuse as a view does that wants a permission."""
    raise PermissionDenied


urlpatterns = [
    path("broken/", broken),
    path("refusing/", refusing),
    path("speaking/<str:whom>/", speaking),
    *project_urls,
]
handler500 = "config.error_pages.server_error"
handler400 = "config.error_pages.bad_request"
handler403 = "config.error_pages.permission_denied"
handler404 = "config.error_pages.page_not_found"

pytestmark = pytest.mark.urls(__name__)


class Log(io.StringIO):
    """What was written, whole and line by line."""

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Each line as the object that it is."""
        return [json.loads(line) for line in self.getvalue().splitlines()]

    def of(self, logger: str) -> list[dict[str, Any]]:
        """The lines of one logger."""
        return [line for line in self.lines if line["logger"] == logger]


@pytest.fixture
def log() -> Iterator[Log]:
    """The log of production, in memory."""
    stream = Log()
    wanted = logging_settings(debug=False, level="INFO")
    wanted["handlers"]["stderr"]["stream"] = stream
    before = logging.root.handlers[:]
    logging.config.dictConfig(wanted)
    yield stream
    logging.config.dictConfig(logging_settings(debug=True, level="INFO"))
    logging.root.handlers[:] = before


def test_a_line_per_request(log: Log, db: None) -> None:
    user = make_user("boss", is_superuser=True)
    client = Client()
    client.force_login(user)
    response = client.get("/admin/bookings/booking/", {"q": EMAIL})
    (line,) = log.of("teppan.request")
    assert line["method"] == "GET"
    assert line["path"] == "/admin/bookings/booking/"
    assert line["status"] == 200
    assert line["user_id"] == str(user.pk)
    assert line["duration_ms"] > 0
    assert line["request_id"] == response.headers["X-Request-ID"]
    assert line["level"] == "info"
    assert EMAIL not in log.getvalue()


def test_the_path_keeps_identifiers_and_nothing_that_was_typed(log: Log, db: None) -> None:
    client = Client()
    client.get("/admin/bookings/booking/5b1f4b7e-9165-4155-9012-391655501234/change/")
    client.get("/admin/customers/customer/Jane Doe/change/")
    client.get("/speaking/Jane/")
    client.get(f"/nowhere/{EMAIL}/")
    assert [line["path"] for line in log.of("teppan.request")] == [
        "/admin/bookings/booking/5b1f4b7e-9165-4155-9012-391655501234/change/",
        "/admin/customers/customer/<path:object_id>/change/",
        "/speaking/<str:whom>/",
        "/nowhere/[email]/",
    ]
    assert "Jane" not in log.getvalue()


def test_an_unhandled_exception_is_logged_once_with_its_traceback(log: Log) -> None:
    response = Client(raise_request_exception=False).get("/broken/", {"email": EMAIL})
    assert response.status_code == 500
    (error,) = log.of("django.request")
    assert error["level"] == "error"
    assert "in broken" in error["exception"]
    assert "ValueError: no booking for [email], [phone]" in error["exception"]
    assert error["request_id"] == response.headers["X-Request-ID"]
    (line,) = log.of("teppan.request")
    assert (line["status"], line["request_id"]) == (500, error["request_id"])
    assert log.getvalue().count("Traceback") == 1
    assert EMAIL not in log.getvalue()


@override_settings(DEBUG=False)
def test_the_page_of_a_failure_shows_the_reference_and_no_secret(log: Log) -> None:
    response = Client(raise_request_exception=False).get("/broken/")
    assert response.status_code == 500
    assert response.headers["X-Request-ID"] in response.text
    assert "no booking" not in response.text
    assert "<style>" in response.text


@override_settings(DEBUG=False, ALLOWED_HOSTS=["admin.example.com"])
def test_a_bad_request_has_a_page_and_is_logged(log: Log) -> None:
    response = Client(raise_request_exception=False).get("/admin/", headers={"host": "other.example"})
    assert response.status_code == 400
    assert "The server refused this request" in response.text
    (line,) = log.of("django.security.DisallowedHost")
    assert line["level"] == "warning"  # anybody can send it, so it must wake nobody
    assert "other.example" in line["event"]
    assert "Traceback" not in log.getvalue()
    assert [line["status"] for line in log.of("teppan.request")] == [400]


@override_settings(DEBUG=False)
@pytest.mark.parametrize(
    ("method", "address", "status", "heading"),
    [
        ("get", "/nowhere/", 404, "This page does not exist"),
        ("get", "/refusing/", 403, "You may not open this page"),
        ("post", "/admin/login/", 403, "This form has expired"),
    ],
)
def test_a_refusal_has_a_page_with_the_reference(
    log: Log, method: str, address: str, status: int, heading: str
) -> None:
    response = getattr(Client(enforce_csrf_checks=True), method)(address)
    assert response.status_code == status
    assert heading in response.text
    assert response.headers["X-Request-ID"] in response.text
    assert response.headers["Content-Security-Policy"]
    assert "Traceback" not in log.getvalue()


def test_a_failed_login_leaves_no_email_in_the_log(log: Log, db: None) -> None:
    for _ in range(6):
        Client().post(f"/admin/login/?next=/admin/?q={EMAIL}", {"username": EMAIL, "password": "wrong-secret"})
    Client().post("/admin/login/", {"username": "Jane Doe", "password": "wrong-secret"})
    assert [line["status"] for line in log.of("teppan.request")] == [200] * 4 + [429] * 2 + [200]
    written = log.getvalue()
    assert "axes" in written
    for secret in (EMAIL, "jane", "Jane", "%40", "wrong-secret", "127.0.0.1"):
        assert secret not in written


def test_a_login_leaves_the_account_and_no_email(log: Log, db: None) -> None:
    user: AdminUser = make_user("jane")
    assert Client().post("/admin/login/", {"username": user.email, "password": PASSWORD}).status_code == 302
    (line,) = log.of("teppan.request")
    assert line["user_id"] == str(user.pk)
    assert "jane" not in log.getvalue()


def test_lines_of_both_kinds_carry_the_request_and_no_email(log: Log) -> None:
    response = Client().get("/speaking/x/")
    old, new = log.of("bookings")
    assert (old["event"], new["event"], new["to"], new["booking_id"]) == ("sent [email]", "sent", "[email]", 7)
    assert old["request_id"] == new["request_id"] == response.headers["X-Request-ID"]


def test_static_files_have_no_line(log: Log, db: None) -> None:
    with closing(Client().get("/static/unfold/css/styles.css")) as response:
        assert response.status_code == 200
    assert log.of("teppan.request") == []


def test_a_refused_form_is_logged_without_its_path(log: Log) -> None:
    response = Client(enforce_csrf_checks=True).post("/speaking/Jane/")
    assert response.status_code == 403
    (line,) = log.of("django.security.csrf")
    assert line["event"].startswith("Forbidden (CSRF cookie not set.)")
    assert "Jane" not in log.getvalue()


def test_development_is_readable() -> None:
    stream = io.StringIO()
    wanted = logging_settings(debug=True, level="INFO")
    handler = logging.StreamHandler(stream)
    formatter = wanted["formatters"]["structured"]
    formatter.pop("()")
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(**formatter))
    try:
        raise ValueError(EMAIL)
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, "", 1, "failed", (), (type(error), error, error.__traceback__))
    handler.handle(record)
    written = stream.getvalue()
    assert "failed" in written
    assert "ValueError: [email]" in written
    assert not written.startswith("{")

"""Failed logins: what locks, what does not evade the lock, what the locked-out person reads, what is recorded."""

from __future__ import annotations

from datetime import timedelta

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.core.management import call_command
from django.http import HttpRequest
from django.test import Client, override_settings
from django.utils import timezone

from adminpanel.models import AdminUser
from config.proxies import client_address
from tests.adminpanel.conftest import PASSWORD, make_user

LOGIN = "/admin/login/"
LIMIT = 5


@pytest.fixture
def owner(db: None) -> AdminUser:
    """The account that is attacked."""
    return make_user("olive.isis", is_superuser=True)


def attempt(email: str = "olive.isis@example.com", password: str = "wrong", **meta: str) -> int:
    """Post the login form from a new browser; return the status."""
    return Client().post(LOGIN, {"username": email, "password": password}, **meta).status_code  # type: ignore[arg-type]  # environ, not headers


def fail(times: int, **meta: str) -> list[int]:
    return [attempt(**meta) for _ in range(times)]


def test_150_wrong_passwords_in_a_row_meet_the_lock(owner: AdminUser) -> None:
    found = fail(150)
    assert found == [200] * (LIMIT - 1) + [429] * (150 - LIMIT + 1)
    assert attempt(password=PASSWORD) == 429
    assert not AccessLog.objects.exists()


def test_a_stranger_is_locked_like_an_account(owner: AdminUser) -> None:
    found = [attempt(email="nobody.here@example.com") for _ in range(LIMIT)]
    assert found[-1] == 429


def test_the_page_says_how_long_to_wait_and_what_an_administrator_can_do(owner: AdminUser) -> None:
    fail(LIMIT)
    response = Client().post(LOGIN, {"username": owner.email, "password": PASSWORD})
    assert response.status_code == 429
    assert "Wait 15 minutes" in response.text
    assert f"manage.py axes_reset_username {owner.email}" in response.text
    assert 'name="password"' in response.text
    assert "case-sensitive" not in response.text
    assert 890 <= int(response.headers["Retry-After"]) <= 900
    assert "no-store" in response.headers["Cache-Control"]


def test_a_script_in_the_email_is_escaped(owner: AdminUser) -> None:
    email = "<script>alert(1)</script>@example.com"
    responses = [Client().post(LOGIN, {"username": email, "password": "x"}) for _ in range(LIMIT)]
    assert responses[-1].status_code == 429
    assert "<script>alert" not in responses[-1].text


@pytest.mark.parametrize(
    "spelling",
    [
        "OLIVE.ISIS@EXAMPLE.COM",
        " olive.isis@example.com",
        "olive.i\u017fi\u017f@example.com",
        "ol\u0131ve.isis@example.com",
    ],
)
def test_another_spelling_does_not_evade_the_lock(owner: AdminUser, spelling: str) -> None:
    fail(LIMIT)
    assert attempt(email=spelling, password=PASSWORD) == 429


def test_another_browser_does_not_evade_the_lock(owner: AdminUser) -> None:
    statuses = [attempt(HTTP_USER_AGENT=f"browser {number}") for number in range(LIMIT)]
    assert statuses[-1] == 429
    assert attempt(password=PASSWORD, HTTP_USER_AGENT="one more") == 429


def test_a_forged_header_does_not_evade_the_lock(owner: AdminUser) -> None:
    statuses = [attempt(HTTP_X_FORWARDED_FOR=f"198.51.100.{number}") for number in range(LIMIT)]
    assert statuses[-1] == 429
    assert attempt(password=PASSWORD, HTTP_X_FORWARDED_FOR="203.0.113.9") == 429


@override_settings(TRUSTED_PROXIES=1)
def test_behind_a_proxy_its_entry_counts_and_the_forged_ones_do_not(owner: AdminUser) -> None:
    statuses = [attempt(HTTP_X_FORWARDED_FOR=f"198.51.100.{number}, 203.0.113.7") for number in range(LIMIT)]
    assert statuses[-1] == 429
    assert attempt(password=PASSWORD, HTTP_X_FORWARDED_FOR="192.0.2.1, 203.0.113.7") == 429
    assert attempt(password=PASSWORD, HTTP_X_FORWARDED_FOR="203.0.113.7, 203.0.113.8") == 302


@pytest.mark.parametrize(
    ("proxies", "header", "peer", "expected"),
    [
        (0, "198.51.100.1", "203.0.113.7", "203.0.113.7"),
        (0, "", "", None),
        (1, "198.51.100.1", "127.0.0.1", "198.51.100.1"),
        (1, "6.6.6.6, 198.51.100.1", "127.0.0.1", "198.51.100.1"),
        (2, "6.6.6.6, 198.51.100.1, 10.0.0.1", "127.0.0.1", "198.51.100.1"),
        (2, "198.51.100.1", "127.0.0.1", "127.0.0.1"),
        (1, "unknown", "127.0.0.1", "127.0.0.1"),
        (1, "2001:db8:1:2:3:4:5:6", "127.0.0.1", "2001:db8:1:2::"),
        (1, "::ffff:198.51.100.1", "127.0.0.1", "198.51.100.1"),
    ],
)
def test_the_address_of_the_client(proxies: int, header: str, peer: str, expected: str | None) -> None:
    request = HttpRequest()
    request.META = {"REMOTE_ADDR": peer} | ({"HTTP_X_FORWARDED_FOR": header} if header else {})
    with override_settings(TRUSTED_PROXIES=proxies):
        assert client_address(request) == expected


def test_the_owner_can_log_in_from_elsewhere_and_colleagues_from_the_same_address(owner: AdminUser) -> None:
    colleague = make_user("colleague")
    fail(LIMIT)
    assert attempt(password=PASSWORD, REMOTE_ADDR="203.0.113.7") == 302
    assert attempt(email=colleague.email, password=PASSWORD) == 302


def test_the_lock_ends_with_the_cool_off(owner: AdminUser) -> None:
    fail(LIMIT)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=14))
    assert attempt(password=PASSWORD) == 429
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=15, seconds=1))
    assert attempt(password=PASSWORD) == 302


def test_attempts_during_the_lock_do_not_extend_it(owner: AdminUser) -> None:
    fail(LIMIT)
    before = AccessAttempt.objects.get().attempt_time
    assert fail(3) == [429, 429, 429]
    assert AccessAttempt.objects.get().attempt_time == before


def test_an_administrator_lifts_the_lock(owner: AdminUser, capsys: pytest.CaptureFixture[str]) -> None:
    fail(LIMIT)
    call_command("axes_reset_username", owner.email)
    assert "1 attempts removed" in capsys.readouterr().out
    assert attempt(password=PASSWORD) == 302


def test_a_login_forgives_the_failures_before_it(owner: AdminUser) -> None:
    fail(LIMIT - 1)
    assert attempt(password=PASSWORD) == 302
    assert fail(LIMIT - 1) == [200] * (LIMIT - 1)


def test_odd_values_are_answered_and_recorded(owner: AdminUser) -> None:
    assert attempt(email="x" * 5000) == 200
    assert attempt(REMOTE_ADDR="") == 200
    assert sorted(len(row.username or "") for row in AccessFailureLog.objects.all()) == [22, 255]


def test_failures_are_recorded_without_password(owner: AdminUser) -> None:
    attempt(password="a-secret-of-somebody", REMOTE_ADDR="203.0.113.7")
    row = AccessFailureLog.objects.get()
    assert (row.username, row.ip_address, row.locked_out) == (owner.email, "203.0.113.7", False)
    counted = AccessAttempt.objects.get()
    assert "a-secret" not in counted.post_data
    assert owner.email not in counted.post_data


@pytest.mark.parametrize("model", ["accessfailurelog", "accessattempt", "accesslog"])
def test_the_admin_shows_them_read_only(owner: AdminUser, model: str) -> None:
    attempt()
    client = Client()
    assert client.post(LOGIN, {"username": owner.email, "password": PASSWORD}).status_code == 302
    attempt()
    pages = client.get(f"/admin/axes/{model}/")
    assert pages.status_code == 200
    (row, *_) = pages.context["cl"].result_list
    path = f"/admin/axes/{model}/{row.pk}"
    assert client.get(f"{path}/change/").status_code == 200
    assert client.post(f"{path}/change/", {"username": "other"}).status_code == 403
    assert client.post(f"{path}/delete/", {"post": "yes"}).status_code == 403
    assert client.get(f"/admin/axes/{model}/add/").status_code == 403
    assert type(row).objects.get(pk=row.pk).username == owner.email


def test_the_admin_names_them_and_a_role_may_see_them(owner: AdminUser) -> None:
    auditor, other = make_user("auditor", "axes.view_accessfailurelog"), make_user("other", "bookings.*")
    client = Client()
    client.force_login(auditor)
    assert client.get("/admin/axes/accessfailurelog/").status_code == 200
    assert client.get("/admin/axes/accesslog/").status_code == 403
    assert "Failed logins" in client.get("/admin/").text
    client.force_login(other)
    assert client.get("/admin/axes/accessfailurelog/").status_code == 403

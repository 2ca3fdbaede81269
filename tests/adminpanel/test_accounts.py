"""The first superuser, logins, and passwords that somebody else set."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest
from django.apps import apps
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone

from adminpanel.errors import AccountRefused, SuperuserExists
from adminpanel.models import AdminUser
from adminpanel.services.accounts import create_first_superuser, record_login
from tests.adminpanel.conftest import PASSWORD, make_user

GOOD = {"email": " Ada@Example.com ", "full_name": "Ada Okafor", "password": "first-login-only-9"}


def login(**credentials: str) -> AdminUser | None:
    """Authenticate as a login does: with a request, which the throttle requires."""
    return authenticate(HttpRequest(), **credentials)


def test_the_first_superuser_holds_the_role_and_must_change_the_password(db: None) -> None:
    user = create_first_superuser(**GOOD)
    stored = AdminUser.objects.get()
    assert stored == user
    assert stored.email == "ada@example.com"
    assert stored.is_superuser
    assert stored.must_change_password
    assert [role.name for role in stored.roles.all()] == ["superuser"]


def test_a_second_first_superuser_is_refused_by_name(boss: AdminUser) -> None:
    with pytest.raises(SuperuserExists, match=r"boss@example\.com"):
        create_first_superuser(**GOOD)
    assert AdminUser.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"email": "nonsense"}, "email"),
        ({"full_name": " "}, "full_name"),
        ({"password": "short"}, "password"),
        ({"password": "ada@example.com"}, "too similar"),
    ],
)
def test_bad_data_is_named_and_nothing_is_made(db: None, change: dict[str, str], message: str) -> None:
    with pytest.raises(AccountRefused, match=message):
        create_first_superuser(**(GOOD | change))
    assert not AdminUser.objects.exists()


def test_an_email_in_use_is_refused_whatever_its_case(nobody: AdminUser) -> None:
    with pytest.raises(AccountRefused, match="has an account"):
        create_first_superuser(**(GOOD | {"email": "NOBODY@example.com"}))
    assert AdminUser.objects.count() == 1


def test_the_command_reads_the_environment(
    db: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (("EMAIL", "ada@example.com"), ("NAME", "Ada"), ("PASSWORD", "first-login-only-9")):
        monkeypatch.setenv(f"TEPPAN_SUPERUSER_{name}", value)
    call_command("create_first_superuser")
    assert "ada@example.com" in capsys.readouterr().out
    with pytest.raises(CommandError, match="superuser already"):
        call_command("create_first_superuser")


def test_the_command_says_which_variable_is_missing(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEPPAN_SUPERUSER_EMAIL", "ada@example.com")
    with pytest.raises(CommandError, match="TEPPAN_SUPERUSER_NAME"):
        call_command("create_first_superuser")
    assert not AdminUser.objects.exists()


def test_login_by_email_in_any_case(nobody: AdminUser) -> None:
    assert login(username="NoBody@Example.com", password=PASSWORD) == nobody
    assert login(email="nobody@example.com", password=PASSWORD) == nobody
    assert login(username="nobody@example.com", password="wrong") is None
    assert login(username="stranger@example.com", password=PASSWORD) is None


def test_emails_that_differ_in_case_alone_are_told_apart(nobody: AdminUser) -> None:
    AdminUser.objects.create(email="NOBODY@example.com", full_name="Other", password=nobody.password)
    assert login(username="nobody@example.com", password=PASSWORD) == nobody
    assert login(username="Nobody@example.com", password=PASSWORD) is None


def test_inactive_accounts_cannot_log_in(nobody: AdminUser) -> None:
    for inactive in (False, None):
        AdminUser.objects.update(is_active=inactive)
        assert login(username="nobody@example.com", password=PASSWORD) is None


def test_a_session_ends_when_the_account_is_deactivated(boss: AdminUser) -> None:
    client = Client()
    client.force_login(boss)
    assert client.get("/admin/").status_code == 200
    AdminUser.objects.update(is_active=False)
    assert client.get("/admin/").status_code == 302


def test_a_login_is_recorded_only_after_the_owner_chose_a_password(db: None) -> None:
    old = timezone.now() - timedelta(days=3)
    settled, fresh = make_user("settled", last_login=old), make_user("fresh", last_login=None)
    for user in (settled, fresh):
        Client().post("/admin/login/", {"username": user.email, "password": PASSWORD})
        user.refresh_from_db()
    assert settled.last_login is not None
    assert settled.last_login > old
    assert fresh.last_login is None


def test_the_rule_of_the_first_login_does_not_depend_on_the_order_of_apps(db: None) -> None:
    """Django's receiver stays out, even if ``django.contrib.auth`` starts after ours."""
    user = make_user("newcomer", last_login=None)
    apps.get_app_config("auth").ready()
    Client().force_login(user)
    user.refresh_from_db()
    assert user.must_change_password


class Guest:
    """A user of another type, which notes what is saved."""

    last_login: Any = None

    def save(self, update_fields: list[str]) -> None:
        self.saved = update_fields


def test_a_login_of_another_type_of_user_is_recorded_as_django_does() -> None:
    guest = Guest()
    record_login(Guest, cast(Any, guest))
    assert guest.last_login is not None
    assert guest.saved == ["last_login"]

"""At least one active superuser remains, and only superusers make superusers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection, transaction
from django.db.models import QuerySet
from django.test import Client
from pytest_django.plugin import DjangoDbBlocker

from adminpanel.admin.forms import AccountForm
from adminpanel.errors import AccountRefused, GrantRefused, LastSuperuser
from adminpanel.models import AdminUser
from adminpanel.selectors.permissions import actor_of
from adminpanel.services.accounts import delete_account, require_own_password, save_account
from core.actors import Actor, system
from core.errors import PermissionRefused
from tests.adminpanel.conftest import make_user

type AtWork = Callable[[AdminUser], Client]

LOSSES = [{"is_active": False}, {"is_active": None}, {"is_superuser": False}]


def save_with(user: AdminUser, change: dict[str, Any], actor: Actor) -> None:
    for name, value in change.items():
        setattr(user, name, value)
    with transaction.atomic():
        save_account(user=user, actor=actor)


def stored(user: AdminUser) -> dict[str, Any]:
    return dict(AdminUser.objects.filter(pk=user.pk).values().get())


@pytest.mark.parametrize("change", LOSSES)
def test_the_last_active_superuser_is_neither_deactivated_nor_demoted(boss: AdminUser, change: dict[str, Any]) -> None:
    make_user("retired", is_superuser=True, is_active=False)
    before = stored(boss)
    with pytest.raises(LastSuperuser, match="Boss"):
        save_with(boss, change, system())
    assert stored(boss) == before


@pytest.mark.parametrize("change", LOSSES)
def test_with_another_superuser_one_can_go(boss: AdminUser, change: dict[str, Any]) -> None:
    second = make_user("second", is_superuser=True)
    save_with(boss, change, actor_of(second))
    assert stored(boss) | change == stored(boss)
    with pytest.raises(LastSuperuser):
        save_with(second, change, system())


def test_the_last_active_superuser_is_not_deleted(boss: AdminUser) -> None:
    make_user("retired", is_superuser=True, is_active=False)
    with pytest.raises(LastSuperuser), transaction.atomic():
        delete_account(user=boss, actor=system())
    assert AdminUser.objects.filter(pk=boss.pk).exists()
    make_user("second", is_superuser=True)
    delete_account(user=boss, actor=system())
    assert not AdminUser.objects.filter(pk=boss.pk).exists()


def test_the_form_refuses_it_with_a_message(boss: AdminUser, at_work: AtWork, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page is never open to anyone but another superuser, who loses the flag while the request runs."""
    second = make_user("second", is_superuser=True)
    data = {"email": boss.email, "full_name": boss.full_name, "is_active": "on"}
    checked = AccountForm.clean_email

    def meanwhile(form: AccountForm) -> str:
        AdminUser.objects.filter(pk=second.pk).update(is_superuser=False)
        return checked(form)

    monkeypatch.setattr(AccountForm, "clean_email", meanwhile)
    response = at_work(second).post(f"/admin/adminpanel/adminuser/{boss.pk}/change/", data)
    assert "Boss is the last active superuser" in response.context["adminform"].form.errors["is_superuser"][0]
    assert stored(boss)["is_superuser"]


def test_the_delete_page_refuses_it_with_a_message(
    boss: AdminUser, at_work: AtWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = make_user("second", is_superuser=True)

    def meanwhile(actor: Actor, user: AdminUser) -> None:
        AdminUser.objects.filter(pk=second.pk).update(is_superuser=False)

    monkeypatch.setattr("adminpanel.services.accounts.require_outranked", meanwhile)
    response = at_work(second).post(f"/admin/adminpanel/adminuser/{boss.pk}/delete/", {"post": "yes"})
    assert response.headers["Location"] == f"/admin/adminpanel/adminuser/{boss.pk}/change/"
    assert "Boss is the last active superuser" in str(next(iter(get_messages(response.wsgi_request))))
    assert AdminUser.objects.filter(pk=boss.pk).exists()


@pytest.fixture
def committed_pair(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[tuple[AdminUser, AdminUser]]:
    """Two superusers whom every connection sees."""
    with django_db_blocker.unblock():
        pair = make_user("first", is_superuser=True), make_user("second", is_superuser=True)
        yield pair
        AdminUser.objects.filter(pk__in=[user.pk for user in pair]).delete()


@pytest.mark.parametrize("locked", [True, False], ids=["as it is", "control: without the lock"])
def test_two_superusers_cannot_demote_each_other_at_once(
    committed_pair: tuple[AdminUser, AdminUser], monkeypatch: pytest.MonkeyPatch, locked: bool
) -> None:
    """The first transaction stays open while the second one demotes the other account."""
    first, second = committed_pair
    if not locked:
        monkeypatch.setattr(QuerySet, "select_for_update", QuerySet.all)
    errors: list[Exception] = []

    def demote_first() -> None:
        try:
            save_with(AdminUser.objects.get(pk=first.pk), {"is_superuser": False}, system())
        except LastSuperuser as error:
            errors.append(error)
        finally:
            connection.close()

    rival = threading.Thread(target=demote_first)
    with transaction.atomic():
        save_with(second, {"is_superuser": False}, system())
        rival.start()
        rival.join(1.5)
        assert rival.is_alive() is locked
    rival.join(30)
    left = AdminUser.objects.filter(pk__in=[first.pk, second.pk], is_superuser=True).count()
    assert (left, len(errors)) == ((1, 1) if locked else (0, 0))


def test_only_a_superuser_makes_and_demotes_superusers(boss: AdminUser, nobody: AdminUser) -> None:
    chief = make_user("chief", "*")
    with pytest.raises(GrantRefused, match="not a superuser"):
        save_with(nobody, {"is_superuser": True}, actor_of(chief))
    with pytest.raises(GrantRefused):
        save_with(boss, {"full_name": "Taken"}, actor_of(chief))
    with pytest.raises(GrantRefused), transaction.atomic():
        delete_account(user=boss, actor=actor_of(chief))
    assert not stored(nobody)["is_superuser"]
    assert stored(boss)["full_name"] == "Boss"
    save_with(nobody, {"is_superuser": True}, actor_of(boss))
    assert stored(nobody)["is_superuser"]


def test_the_services_need_the_permission(reader: AdminUser, nobody: AdminUser) -> None:
    new = AdminUser(email="new@example.com", full_name="New", password="!")
    actor = actor_of(reader)
    refused = {}
    calls: dict[str, Callable[[], object]] = {
        "add": lambda: save_account(user=new, actor=actor),
        "change": lambda: save_account(user=nobody, actor=actor),
        "delete": lambda: delete_account(user=nobody, actor=actor),
        "password": lambda: require_own_password(user=nobody, actor=actor),
    }
    for name, call in calls.items():
        with pytest.raises(PermissionRefused) as error, transaction.atomic():
            call()
        refused[name] = error.value.permission
    assert refused == {
        "add": "adminpanel.add_adminuser",
        "change": "adminpanel.change_adminuser",
        "delete": "adminpanel.delete_adminuser",
        "password": "adminpanel.change_adminuser",
    }
    assert AdminUser.objects.count() == 2
    assert stored(nobody)["last_login"] is not None


def test_nobody_resets_the_password_of_an_account_with_more_permissions(manager: AdminUser, reader: AdminUser) -> None:
    with pytest.raises(GrantRefused), transaction.atomic():
        require_own_password(user=reader, actor=actor_of(manager))
    assert stored(reader)["last_login"] is not None


def test_nobody_deletes_their_own_account(boss: AdminUser) -> None:
    make_user("second", is_superuser=True)
    with pytest.raises(AccountRefused, match="your own"), transaction.atomic():
        delete_account(user=boss, actor=actor_of(boss))
    assert AdminUser.objects.filter(pk=boss.pk).exists()

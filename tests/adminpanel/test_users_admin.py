"""Staff accounts in the admin: roles through the form, and no way to more rights than one has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from adminpanel.models import AdminUser, AdminUserRole, Role
from tests.adminpanel.conftest import make_user

type AtWork = Callable[[AdminUser], Client]


def page(user: AdminUser) -> str:
    return f"/admin/adminpanel/adminuser/{user.pk}/change/"


def form(user: AdminUser, **changes: Any) -> dict[str, Any]:
    return {"email": user.email, "full_name": user.full_name, "is_active": "on"} | changes


def roles_of(user: AdminUser) -> set[str]:
    return set(AdminUserRole.objects.filter(admin_user=user).values_list("role__name", flat=True))


def test_roles_are_given_and_taken_in_the_form(boss: AdminUser, nobody: AdminUser, at_work: AtWork) -> None:
    client = at_work(boss)
    first, second = (Role.objects.create(name=name, permissions_json=["bookings.*"]) for name in ("first", "second"))
    assert client.post(page(nobody), form(nobody, held_roles=[first.pk])).status_code == 302
    given = AdminUserRole.objects.get(admin_user=nobody).assigned_at
    assert client.post(page(nobody), form(nobody, held_roles=[first.pk, second.pk])).status_code == 302
    assert roles_of(nobody) == {"first", "second"}
    assert AdminUserRole.objects.get(admin_user=nobody, role=first).assigned_at == given
    assert client.post(page(nobody), form(nobody)).status_code == 302
    assert roles_of(nobody) == set()


def test_a_new_account_must_change_its_password(boss: AdminUser, at_work: AtWork) -> None:
    data = {
        "email": "New@Example.com",
        "full_name": "New",
        "password1": "given-to-you-1!",
        "password2": "given-to-you-1!",
    }
    assert at_work(boss).post("/admin/adminpanel/adminuser/add/", data | {"usable_password": "true"}).status_code == 302
    user = AdminUser.objects.get(email="new@example.com")
    assert user.check_password("given-to-you-1!")
    assert user.must_change_password


def test_an_email_in_another_case_is_refused(boss: AdminUser, nobody: AdminUser, at_work: AtWork) -> None:
    response = at_work(boss).post(page(nobody), form(nobody, email="BOSS@example.com"))
    assert response.status_code == 200
    assert "Another account has this email" in response.text
    nobody.refresh_from_db()
    assert nobody.email == "nobody@example.com"


def test_a_manager_cannot_make_superusers_or_give_their_role(
    manager: AdminUser, nobody: AdminUser, at_work: AtWork
) -> None:
    everything = Role.objects.get(name="superuser")
    client = at_work(manager)
    client.post(page(nobody), form(nobody, is_superuser="on", held_roles=[everything.pk]))
    client.post(page(manager), form(manager, is_superuser="on"))
    for user in (nobody, manager):
        user.refresh_from_db()
        assert not user.is_superuser
        assert "superuser" not in roles_of(user)


def test_a_manager_keeps_roles_out_of_reach_as_they_are(manager: AdminUser, boss: AdminUser, at_work: AtWork) -> None:
    holder = make_user("holder", "payments.view_payment")
    response = at_work(manager).post(page(holder), form(holder, full_name="Changed"))
    holder.refresh_from_db()
    assert response.status_code == 403
    assert holder.full_name == "Holder"
    assert roles_of(holder) == {"role of holder"}


@pytest.mark.parametrize("suffix", ["change", "password", "delete"])
def test_a_manager_cannot_touch_a_superuser(manager: AdminUser, boss: AdminUser, at_work: AtWork, suffix: str) -> None:
    data = form(boss, full_name="Taken", password1="taken-over-2222", password2="taken-over-2222", post="yes")
    assert at_work(manager).post(f"/admin/adminpanel/adminuser/{boss.pk}/{suffix}/", data).status_code == 403
    boss.refresh_from_db()
    assert boss.full_name == "Boss"
    assert not boss.check_password("taken-over-2222")


def test_nobody_deletes_or_deactivates_themselves(boss: AdminUser, at_work: AtWork) -> None:
    client = at_work(boss)
    assert client.post(f"/admin/adminpanel/adminuser/{boss.pk}/delete/", {"post": "yes"}).status_code == 403
    client.post(page(boss), {"email": boss.email, "full_name": "Chief"})
    boss.refresh_from_db()
    assert (boss.full_name, boss.is_active, boss.is_superuser) == ("Chief", True, True)


def test_deleting_an_account_takes_its_assignments_along(boss: AdminUser, reader: AdminUser, at_work: AtWork) -> None:
    client, path = at_work(boss), f"/admin/adminpanel/adminuser/{reader.pk}/delete/"
    assert "1 admin user role" in client.get(path).text
    assert client.post(path, {"post": "yes"}).status_code == 302
    assert not AdminUser.objects.filter(pk=reader.pk).exists()
    assert not AdminUserRole.objects.exists()


def test_a_password_set_for_someone_else_must_be_replaced(boss: AdminUser, nobody: AdminUser, at_work: AtWork) -> None:
    path = f"/admin/adminpanel/adminuser/{nobody.pk}/password/"
    data = {"password1": "given-to-you-1!", "password2": "given-to-you-1!", "usable_password": "true"}
    assert at_work(boss).post(path, data).status_code == 302
    nobody.refresh_from_db()
    assert nobody.check_password("given-to-you-1!")
    assert nobody.must_change_password


def test_an_account_is_offered_to_be_added_only_where_the_form_opens(db: None, at_work: AtWork) -> None:
    account = ("adminpanel.view_adminuser", "adminpanel.add_adminuser")
    halved, whole = make_user("halved", *account), make_user("whole", *account, "adminpanel.change_adminuser")
    add = "/admin/adminpanel/adminuser/add/"
    for user, status in ((halved, 403), (whole, 200)):
        client = at_work(user)
        assert client.get(add).status_code == status
        assert (add in client.get("/admin/adminpanel/adminuser/").text) == (status == 200)

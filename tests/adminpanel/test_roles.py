"""Roles: permissions are chosen from those that exist, and the role ``superuser`` stays."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client, RequestFactory

from adminpanel.errors import GrantRefused, RoleProtected, RoleRefused
from adminpanel.models import AdminUser, AdminUserRole, Role
from adminpanel.selectors.permissions import actor_of
from adminpanel.services.roles import delete_role, save_role, set_roles
from core.actors import system
from core.errors import PermissionRefused
from core.permissions import known_permissions
from tests.adminpanel.conftest import make_user
from tests.support.pages import form_values

type AtWork = Callable[[AdminUser], Client]

ADD = "/admin/adminpanel/role/add/"
UNKNOWN = ["bookings.nonexistent_thing", "nosuchapp.*", "bookings.view_payment"]


def page(role: Role, name: str = "change") -> str:
    return f"/admin/adminpanel/role/{role.pk}/{name}/"


def stored(role: Role) -> dict[str, Any]:
    return dict(Role.objects.filter(pk=role.pk).values("name", "description", "permissions_json").get())


@pytest.fixture
def everything(db: None) -> Role:
    """The role ``superuser``."""
    return Role.objects.get(name="superuser")


@pytest.fixture
def chief(everything: Role) -> AdminUser:
    """Has ``*`` by a role, without the superuser flag."""
    return make_user("chief", "*")


def test_the_form_offers_every_permission_in_a_searchable_choice(boss: AdminUser, at_work: AtWork) -> None:
    shown = at_work(boss).get(ADD).text
    select = re.search(r'<select name="permissions_json".*?</select>', shown, re.DOTALL)
    assert select is not None
    assert "multiple" in select[0]
    assert "unfold-admin-autocomplete" in select[0]
    assert re.findall(r'<option value="([^"]+)"', select[0]) == [one.pattern for one in known_permissions()]
    assert '<optgroup label="Bookings">' in select[0]


def test_chosen_permissions_are_stored(boss: AdminUser, at_work: AtWork) -> None:
    chosen = ["customers.view_customer", "bookings.*"]
    assert at_work(boss).post(ADD, {"name": "kitchen", "permissions_json": chosen}).status_code == 302
    role = Role.objects.get(name="kitchen")
    assert role.permissions_json == chosen
    shown = at_work(boss).get(page(role)).text
    assert re.findall(r'<option value="([^"]+)" selected', shown) == ["bookings.*", "customers.view_customer"]


@pytest.mark.parametrize("permission", [*UNKNOWN, "rubbish"])
def test_the_form_refuses_a_permission_that_does_not_exist(boss: AdminUser, at_work: AtWork, permission: str) -> None:
    response = at_work(boss).post(ADD, {"name": "x", "permissions_json": ["bookings.*", permission]})
    assert f"No installed app has the permission {permission}" in response.text
    assert not Role.objects.filter(name="x").exists()


@pytest.mark.parametrize("permission", UNKNOWN)
def test_the_model_refuses_a_permission_that_does_not_exist(db: None, permission: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(permission)):
        Role(name="x", permissions_json=["bookings.*", permission]).clean()


@pytest.mark.parametrize("permission", [*UNKNOWN, "rubbish"])
def test_the_service_refuses_a_permission_that_does_not_exist(db: None, permission: str) -> None:
    with pytest.raises(RoleRefused, match=re.escape(permission)), transaction.atomic():
        save_role(role=Role(name="x", permissions_json=["bookings.*", permission]), actor=system())
    role = Role.objects.create(name="y", permissions_json=["bookings.*"])
    role.permissions_json = ["bookings.*", permission]
    with pytest.raises(RoleRefused, match=re.escape(permission)), transaction.atomic():
        save_role(role=role, actor=system())
    assert not Role.objects.filter(name="x").exists()
    assert stored(role)["permissions_json"] == ["bookings.*"]


def test_a_role_with_malformed_permissions_is_refused(db: None) -> None:
    with pytest.raises(ValidationError, match="'bookings'"):
        Role(name="x", permissions_json=["bookings"]).clean()
    with pytest.raises(ValidationError, match="list"):
        Role(name="x", permissions_json={"a": 1}).clean()


def test_a_stored_permission_that_no_app_has_is_marked_and_kept(boss: AdminUser, at_work: AtWork) -> None:
    kept = ["oldapp.view_thing", "bookings.view_book*", "bookings.view_booking"]
    role = Role.objects.create(name="old", permissions_json=kept)
    client = at_work(boss)
    shown = client.get(page(role)).text
    assert "oldapp.view_thing (unknown: no installed app has it)" in shown
    assert "bookings.view_book* (pattern)" in shown
    selected = re.findall(r'<option value="([^"]+)" selected', shown)
    assert sorted(selected) == sorted(kept)
    data = {"name": "older", "permissions_json": [*selected, "bookings.add_booking"]}
    assert client.post(page(role), data).status_code == 302
    assert stored(role)["permissions_json"] == [*kept, "bookings.add_booking"]
    assert client.post(page(role), data | {"permissions_json": ["bookings.view_booking"]}).status_code == 302
    assert stored(role)["permissions_json"] == ["bookings.view_booking"]
    refused = client.post(page(role), data | {"permissions_json": kept})
    assert "No installed app has the permission" in refused.text
    assert stored(role)["permissions_json"] == ["bookings.view_booking"]


@pytest.mark.parametrize("value", [{"*": 1}, "*", ["Rubbish", 7]])
def test_a_role_stored_in_another_form_can_be_opened_and_repaired(
    boss: AdminUser, at_work: AtWork, value: object
) -> None:
    role = Role.objects.create(name="odd", permissions_json=value)
    assert at_work(boss).get("/admin/adminpanel/role/").status_code == 200
    assert at_work(boss).get(page(role)).status_code == 200
    assert at_work(boss).post(page(role), {"name": "odd", "permissions_json": ["bookings.*"]}).status_code == 302
    assert stored(role)["permissions_json"] == ["bookings.*"]


def test_nobody_writes_permissions_into_a_role_that_they_do_not_have(manager: AdminUser, at_work: AtWork) -> None:
    role = Role.objects.create(name="small", permissions_json=["bookings.view_booking"])
    response = at_work(manager).post(page(role), {"name": "small", "permissions_json": ["payments.*"]})
    assert "You do not have these permissions yourself: payments.*" in response.text
    role.permissions_json = ["payments.*"]
    with pytest.raises(GrantRefused, match=r"payments\.\*"), transaction.atomic():
        save_role(role=role, actor=actor_of(manager))
    assert stored(role)["permissions_json"] == ["bookings.view_booking"]


def test_nobody_takes_permissions_out_of_a_role_that_they_do_not_have(manager: AdminUser) -> None:
    role = Role.objects.create(name="money", permissions_json=["payments.*"])
    role.permissions_json = []
    with pytest.raises(GrantRefused), transaction.atomic():
        save_role(role=role, actor=actor_of(manager))
    with pytest.raises(PermissionRefused) as refused, transaction.atomic():
        delete_role(role=role, actor=actor_of(manager))
    assert refused.value.permission == "adminpanel.delete_role"
    assert stored(role)["permissions_json"] == ["payments.*"]


def test_the_service_needs_the_permission_to_change_roles(reader: AdminUser) -> None:
    with pytest.raises(PermissionRefused) as refused, transaction.atomic():
        save_role(role=Role(name="x", permissions_json=[]), actor=actor_of(reader))
    assert refused.value.permission == "adminpanel.add_role"
    assert not Role.objects.filter(name="x").exists()


def test_roles_are_given_and_taken_only_within_the_permissions_of_the_actor(
    manager: AdminUser, nobody: AdminUser, reader: AdminUser, everything: Role
) -> None:
    within = Role.objects.create(name="within", permissions_json=["bookings.view_*"])
    set_roles(user=nobody, roles=[within], actor=actor_of(manager))
    with pytest.raises(GrantRefused, match="superuser"), transaction.atomic():
        set_roles(user=nobody, roles=[within, everything], actor=actor_of(manager))
    with pytest.raises(GrantRefused, match="Reader"), transaction.atomic():
        set_roles(user=reader, roles=[], actor=actor_of(manager))
    with pytest.raises(PermissionRefused), transaction.atomic():
        set_roles(user=nobody, roles=[], actor=actor_of(reader))
    assert list(nobody.roles.all()) == [within]
    assert reader.roles.count() == 1
    set_roles(user=nobody, roles=[], actor=actor_of(manager))
    assert not AdminUserRole.objects.filter(admin_user=nobody).exists()


@pytest.mark.parametrize("who", ["boss", "chief"])
def test_in_the_admin_only_the_description_of_the_superuser_role_changes(
    request: pytest.FixtureRequest, everything: Role, at_work: AtWork, who: str
) -> None:
    client = at_work(request.getfixturevalue(who))
    data = {"name": "renamed", "permissions_json": ["bookings.*"], "description": "All of it"}
    assert client.post(page(everything), data).status_code == 302
    assert stored(everything) == {"name": "superuser", "permissions_json": ["*"], "description": "All of it"}
    assert client.post(page(everything, "delete"), {"post": "yes"}).status_code == 403
    assert Role.objects.filter(pk=everything.pk).exists()


@pytest.mark.parametrize(
    "change", [{"name": "renamed"}, {"permissions_json": []}, {"permissions_json": ["bookings.*"]}]
)
def test_model_and_service_refuse_another_superuser_role(everything: Role, change: dict[str, Any]) -> None:
    for name, value in change.items():
        setattr(everything, name, value)
    with pytest.raises(ValidationError, match="superuser"):
        everything.clean()
    with pytest.raises(RoleRefused, match="superuser"), transaction.atomic():
        save_role(role=everything, actor=system())
    with pytest.raises(RoleProtected), transaction.atomic():
        delete_role(role=everything, actor=system())
    assert stored(everything)["name"] == "superuser"
    assert stored(everything)["permissions_json"] == ["*"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE roles SET name = 'renamed' WHERE name = 'superuser'",
        "UPDATE roles SET permissions_json = '[]' WHERE name = 'superuser'",
        "UPDATE roles SET permissions_json = '[\"bookings.*\"]'",
        "DELETE FROM roles WHERE name = 'superuser'",
        "DELETE FROM roles",
    ],
)
def test_the_database_refuses_another_superuser_role(everything: Role, statement: str) -> None:
    before = list(Role.objects.order_by("pk").values())
    with pytest.raises(IntegrityError) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    cause: Any = refused.value.__cause__
    assert (cause.sqlstate, cause.diag.constraint_name) == ("23514", "roles_superuser_protected")
    assert cause.diag.message_hint
    assert list(Role.objects.order_by("pk").values()) == before


def test_the_database_lets_the_superuser_role_be_described_and_others_be_deleted(everything: Role) -> None:
    Role.objects.create(name="other", permissions_json=["bookings.*"])
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE roles SET description = 'All of it', permissions_json = '[\"*\"]' WHERE name = 'superuser'"
        )
        cursor.execute("UPDATE roles SET name = 'another', permissions_json = '[]' WHERE name = 'other'")
        cursor.execute("DELETE FROM roles WHERE name = 'another'")
    assert stored(everything)["description"] == "All of it"
    assert not Role.objects.filter(name__in=["other", "another"]).exists()


def test_the_role_page_shows_its_holders(boss: AdminUser, manager: AdminUser, at_work: AtWork) -> None:
    role = Role.objects.get(holders=manager)
    assert f"/admin/adminpanel/adminuser/{manager.pk}/change/" in at_work(boss).get(page(role)).text


def test_a_bulk_deletion_goes_through_the_service(boss: AdminUser, everything: Role, rf: RequestFactory) -> None:
    """No list offers one today; a list that does must keep the role ``superuser``."""
    request = rf.post("/")
    request.user = boss
    with pytest.raises(RoleProtected), transaction.atomic():
        admin.site.get_model_admin(Role).delete_queryset(request, Role.objects.all())
    assert Role.objects.filter(pk=everything.pk).exists()


@pytest.mark.parametrize("value", [5, "bookings.*", {"a": 1}, [1, None, {"a": 1}]])
def test_a_stored_value_that_is_no_list_of_permissions_is_shown_and_can_be_replaced(
    boss: AdminUser, at_work: AtWork, value: Any
) -> None:
    role = Role.objects.create(name="Odd", permissions_json=value)
    client = at_work(boss)
    assert client.get("/admin/adminpanel/role/").status_code == 200
    opened = client.get(page(role))
    assert opened.status_code == 200
    data = form_values(opened.text, "role_form") | {"permissions_json": "bookings.view_booking"}
    assert client.post(page(role), data).status_code == 302
    assert stored(role)["permissions_json"] == ["bookings.view_booking"]


def test_a_role_names_its_holders_only_to_people_who_may_view_accounts(
    boss: AdminUser, manager: AdminUser, at_work: AtWork
) -> None:
    role = manager.roles.get()
    reader = make_user("auditor", "adminpanel.view_role")
    assert "Manager" in at_work(boss).get(page(role)).text
    shown = at_work(reader).get(page(role)).text
    assert "Manager" not in shown
    assert str(manager.pk) not in shown

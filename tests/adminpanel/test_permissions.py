"""The grammar of permissions, and what roles allow."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.test import override_settings

from adminpanel.models import AdminUser, AdminUserRole, Role
from adminpanel.permissions import allows, covers, malformed
from adminpanel.selectors.permissions import may_grant, outranks
from tests.adminpanel.conftest import make_user


@pytest.mark.parametrize(
    ("patterns", "permission", "expected"),
    [
        (["*"], "payments.view_deposit", True),
        (["bookings.*"], "bookings.delete_booking", True),
        (["bookings.*"], "payments.view_deposit", False),
        (["payments.view_*"], "payments.view_deposit", True),
        (["payments.view_*"], "payments.change_deposit", False),
        (["bookings.view_booking"], "bookings.view_bookingreminder", False),
        ([], "bookings.view_booking", False),
    ],
)
def test_wildcards(patterns: list[str], permission: str, expected: bool) -> None:
    assert allows(patterns, permission) is expected


def test_covering_compares_what_is_allowed() -> None:
    assert covers(["bookings.*"], ["bookings.view_booking", "bookings.*"])
    assert not covers(["bookings.*"], ["*"])
    assert not covers(["bookings.view_*"], ["bookings.*"])


def test_malformed_entries_are_named() -> None:
    assert malformed(["*", "bookings.*", "payments.view_deposit"]) == []
    assert malformed(["bookings", "Bookings.view", 7, "*.view", "a.b.c"]) == [
        "bookings",
        "Bookings.view",
        7,
        "*.view",
        "a.b.c",
    ]


def test_a_role_with_malformed_permissions_is_refused() -> None:
    with pytest.raises(ValidationError, match="'bookings'"):
        Role(name="x", permissions_json=["bookings"]).clean()
    with pytest.raises(ValidationError, match="list"):
        Role(name="x", permissions_json={"a": 1}).clean()


def test_rights_are_the_union_of_the_roles(manager: AdminUser) -> None:
    second = Role.objects.create(name="second", permissions_json=["payments.view_deposit"])
    AdminUserRole.objects.create(admin_user=manager, role=second)
    assert manager.has_perms(["bookings.add_booking", "payments.view_deposit"])
    assert not manager.has_perm("payments.view_payment")
    assert manager.has_module_perms("payments")
    assert not manager.has_module_perms("customers")


@override_settings(
    AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.ModelBackend", "adminpanel.backends.StaffBackend"]
)
def test_a_backend_that_reads_groups_is_not_asked(manager: AdminUser) -> None:
    assert manager.has_perm("bookings.view_booking")
    assert not manager.has_perm("payments.view_payment")
    assert manager.has_module_perms("bookings")
    assert not manager.has_module_perms("payments")


def test_inactive_accounts_may_nothing(boss: AdminUser) -> None:
    assert boss.has_perm("payments.view_payment")
    boss.is_active = False
    assert not boss.has_perm("payments.view_payment")
    assert not boss.has_module_perms("payments")
    assert not boss.is_staff


def test_the_seeded_role_allows_everything(db: None) -> None:
    role = Role.objects.get(name="superuser")
    assert (role.description, role.permissions_json) == ("Full system access", ["*"])
    user = make_user("holder")
    AdminUserRole.objects.create(admin_user=user, role=role)
    assert user.has_perm("adminpanel.delete_adminuser")


def test_nobody_grants_or_administers_more_than_they_have(
    manager: AdminUser, boss: AdminUser, nobody: AdminUser
) -> None:
    everything = Role.objects.get(name="superuser")
    assert may_grant(boss, everything)
    assert not may_grant(manager, everything)
    assert outranks(manager, nobody)
    assert not outranks(manager, boss)
    assert outranks(boss, manager)


def test_reading_permissions_costs_one_query(manager: AdminUser, django_assert_num_queries: object) -> None:
    user = AdminUser.objects.get(pk=manager.pk)
    with django_assert_num_queries(1):  # type: ignore[operator]
        for name in ("booking", "location", "deposit"):
            user.has_perm(f"bookings.view_{name}")

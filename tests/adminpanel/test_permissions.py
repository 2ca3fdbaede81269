"""The permissions of accounts: the union of their roles."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import override_settings

from adminpanel.models import AdminUser, AdminUserRole, Role
from adminpanel.selectors.permissions import actor_of, may_grant, outranks
from core.actors import ActorKind, actor_for
from core.errors import ActorUnknown
from tests.adminpanel.conftest import make_user


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
    assert may_grant(actor_of(boss), everything)
    assert not may_grant(actor_of(manager), everything)
    assert outranks(actor_of(manager), nobody)
    assert not outranks(actor_of(manager), boss)
    assert outranks(actor_of(boss), manager)


def test_reading_permissions_costs_one_query(manager: AdminUser, django_assert_num_queries: object) -> None:
    user = AdminUser.objects.get(pk=manager.pk)
    with django_assert_num_queries(1):  # type: ignore[operator]
        for name in ("booking", "location", "deposit"):
            user.has_perm(f"bookings.view_{name}")


def test_the_actor_of_an_account_has_its_permissions_at_all_locations(manager: AdminUser, boss: AdminUser) -> None:
    actor = actor_of(manager)
    assert (actor.kind, actor.id, actor.name) == (ActorKind.STAFF, manager.pk, "Manager")
    assert actor.may("bookings.change_booking")
    assert not actor.may("payments.view_payment")
    assert actor.locations is None
    assert actor_of(boss).permissions == {"*"}
    assert actor_for(manager) == actor


def test_an_inactive_account_has_no_permissions_as_an_actor(manager: AdminUser) -> None:
    manager.is_active = False
    assert actor_of(manager).permissions == frozenset()


def test_a_user_without_staff_account_has_no_actor() -> None:
    with pytest.raises(ActorUnknown):
        actor_for(AnonymousUser())


@pytest.mark.parametrize("stored", [{"*": 1}, "*", ["[a-z]*", "?", 7, "*.*"]])
def test_a_stored_value_in_another_form_grants_nothing(db: None, stored: object) -> None:
    user = make_user("odd", "bookings.view_booking")
    Role.objects.filter(holders=user).update(permissions_json=stored)
    assert actor_of(AdminUser.objects.get(pk=user.pk)).permissions == frozenset()
    assert not AdminUser.objects.get(pk=user.pk).has_perm("bookings.view_booking")

"""The cast: a superuser, a manager of bookings, a reader of money, and somebody without any role."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from adminpanel.models import AdminUser, AdminUserRole, Role

PASSWORD = "correct-horse-battery"


def make_user(name: str, *permissions: str, **fields: object) -> AdminUser:
    """An account that has chosen its password, with one role of these permissions."""
    fields = {"last_login": timezone.now(), **fields}
    user = AdminUser.objects.create_user(f"{name}@example.com", name.title(), PASSWORD, **fields)
    if permissions:
        role = Role.objects.create(name=f"role of {name}", permissions_json=list(permissions))
        AdminUserRole.objects.create(admin_user=user, role=role)
    return user


@pytest.fixture
def boss(db: None) -> AdminUser:
    """May do everything."""
    return make_user("boss", is_superuser=True)


@pytest.fixture
def manager(db: None) -> AdminUser:
    """Runs bookings, and administers staff accounts."""
    staff = ("adminpanel.view_adminuser", "adminpanel.change_adminuser", "adminpanel.change_role")
    return make_user("manager", "bookings.*", *staff)


@pytest.fixture
def reader(db: None) -> AdminUser:
    """Reads payments."""
    return make_user("reader", "payments.view_payment")


@pytest.fixture
def nobody(db: None) -> AdminUser:
    """Has an account and no role."""
    return make_user("nobody")


@pytest.fixture
def at_work() -> Callable[[AdminUser], Client]:
    """A browser in which the account is logged in."""

    def login(user: AdminUser) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return login

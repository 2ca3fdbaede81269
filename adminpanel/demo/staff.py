"""Demo accounts: eight people, and the roles that they hold.

The password is printed for everybody: these accounts are made in development only.
"""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.hashers import make_password

from adminpanel.demo.dice import key
from adminpanel.models import AdminUser, AdminUserRole, Role

DEMO_EMAIL = "demo@teppan.example"
DEMO_PASSWORD = "hibachi-at-home"
_ROLES = {
    "operations": ("Bookings, locations and reminders", ["bookings.*", "customers.*"]),
    "finance": (
        "Reads money, bookings and customers",
        ["payments.*", "bookings.view_booking", "customers.view_customer"],
    ),
    "support": (
        "Answers customers",
        ["customers.*", "bookings.view_*", "bookings.change_booking", "payments.view_*"],
    ),
}
_PEOPLE = (
    ("demo", "Mika Sato", "superuser"),
    ("renata", "Renata Alves", "superuser"),
    ("owen", "Owen Clarke", "operations"),
    ("lucia", "Lucia Ferrer", "operations"),
    ("tariq", "Tariq Haddad", "operations"),
    ("ingrid", "Ingrid Solberg", "finance"),
    ("paul", "Paul Nguyen", "support"),
    ("wanda", "Wanda Zielinska", "support"),
)


def roles() -> list[Role]:
    """Three roles beside the superuser's, unsaved."""
    return [
        Role(id=key("role", name), name=name, description=description, permissions_json=permissions)
        for name, (description, permissions) in _ROLES.items()
    ]


def accounts(now: datetime) -> list[AdminUser]:
    """Eight accounts with the demo password, which they may keep; the first is a superuser."""
    secret = make_password(DEMO_PASSWORD)
    return [
        AdminUser(
            id=key("staff", name),
            email=f"{name}@teppan.example",
            full_name=full_name,
            password=secret,
            is_superuser=name == "demo",
            last_login=now,
        )
        for name, full_name, _ in _PEOPLE
    ]


def assignments() -> list[AdminUserRole]:
    """Who holds which of the stored roles, unsaved."""
    ids = dict(Role.objects.values_list("name", "pk"))
    return [
        AdminUserRole(admin_user_id=key("staff", name), role_id=ids[role]) for name, _, role in _PEOPLE if role in ids
    ]

"""What a user may do in the admin."""

from __future__ import annotations

from adminpanel.models import AdminUser, Role
from adminpanel.permissions import covers
from adminpanel.selectors.accounts import Person


def permissions_of(user: Person) -> frozenset[str]:
    """Return the permission patterns of an active user; ``*`` for a superuser.

    A staff account has the union of its roles, read once per object. A user of the host has the permissions that
    the project's authentication backends grant.
    """
    if not user.is_active:
        return frozenset()
    if getattr(user, "is_superuser", False):
        return frozenset({"*"})
    if isinstance(user, AdminUser):
        return _role_permissions(user)
    granted = getattr(user, "get_all_permissions", frozenset)
    return frozenset(granted())


def may_grant(actor: Person, role: Role) -> bool:
    """Whether ``actor`` may assign the role: nobody grants more than they have."""
    return covers(permissions_of(actor), role.permissions_json)


def outranks(actor: Person, user: AdminUser) -> bool:
    """Whether ``actor`` has at least the permissions of the account ``user``, and so may administer it."""
    if user.is_superuser and not getattr(actor, "is_superuser", False):
        return False
    lists = Role.objects.filter(holders=user).values_list("permissions_json", flat=True)
    return covers(permissions_of(actor), [pattern for patterns in lists for pattern in patterns])


def _role_permissions(user: AdminUser) -> frozenset[str]:
    known: frozenset[str] | None = user.__dict__.get("_permissions")
    if known is None:
        lists = Role.objects.filter(holders=user).values_list("permissions_json", flat=True)
        known = frozenset(pattern for patterns in lists for pattern in patterns)
        user.__dict__["_permissions"] = known
    return known

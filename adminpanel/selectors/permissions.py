"""What an account may do: the union of its roles."""

from __future__ import annotations

from adminpanel.models import AdminUser, Role
from adminpanel.permissions import covers


def permissions_of(user: AdminUser) -> frozenset[str]:
    """The permission patterns of an active account; ``*`` for a superuser. Read once per user object."""
    if not user.is_active:
        return frozenset()
    if user.is_superuser:
        return frozenset({"*"})
    known: frozenset[str] | None = user.__dict__.get("_permissions")
    if known is None:
        lists = Role.objects.filter(holders=user).values_list("permissions_json", flat=True)
        known = frozenset(pattern for patterns in lists for pattern in patterns)
        user.__dict__["_permissions"] = known
    return known


def may_grant(actor: AdminUser, role: Role) -> bool:
    """Whether ``actor`` may give the role away: nobody grants more than they have."""
    return covers(permissions_of(actor), role.permissions_json)


def outranks(actor: AdminUser, user: AdminUser) -> bool:
    """Whether ``actor`` may administer ``user``: has at least the same rights."""
    if user.is_superuser and not actor.is_superuser:
        return False
    lists = Role.objects.filter(holders=user).values_list("permissions_json", flat=True)
    return covers(permissions_of(actor), [pattern for patterns in lists for pattern in patterns])

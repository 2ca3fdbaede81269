"""The permissions of staff accounts, and the actor that an account is for service functions."""

from __future__ import annotations

from adminpanel.models import AdminUser, Role
from core.actors import Actor, ActorKind
from core.permissions import covers, well_formed


def permissions_of(user: AdminUser) -> frozenset[str]:
    """Return the permission patterns of an active account; ``*`` for a superuser. Read once per user object."""
    if not user.is_active:
        return frozenset()
    if user.is_superuser:
        return frozenset({"*"})
    known: frozenset[str] | None = user.__dict__.get("_permissions")
    if known is None:
        known = _of_roles(user)
        user.__dict__["_permissions"] = known
    return known


def actor_of(user: AdminUser) -> Actor:
    """Return the actor of a staff account: its permissions now, at all locations."""
    return Actor(ActorKind.STAFF, user.pk, str(user), permissions_of(user))


def staff_actor(user: object) -> Actor | None:
    """Return the actor of a staff account, or None for any other user. Registered with ``core.actors``."""
    return actor_of(user) if isinstance(user, AdminUser) else None


def is_superuser(actor: Actor) -> bool:
    """Return whether the actor is the system or an active account with the superuser flag."""
    if actor.kind is ActorKind.SYSTEM:
        return True
    account = account_of(actor)
    return account is not None and bool(account.is_active and account.is_superuser)


def account_of(actor: Actor) -> AdminUser | None:
    """Return the staff account of an actor as it is stored now; None for other kinds of actors."""
    if actor.kind is not ActorKind.STAFF or actor.id is None:
        return None
    return AdminUser.objects.filter(pk=actor.id).first()


def may_grant(actor: Actor, role: Role) -> bool:
    """Return whether ``actor`` may give and take the role: nobody grants more than they have."""
    return covers(actor.permissions, well_formed(role.permissions_json))


def outranks(actor: Actor, user: AdminUser) -> bool:
    """Return whether ``actor`` may administer ``user``: has at least the same permissions."""
    if user.is_superuser and not is_superuser(actor):
        return False
    return covers(actor.permissions, _of_roles(user))


def _of_roles(user: AdminUser) -> frozenset[str]:
    lists = Role.objects.filter(holders=user).values_list("permissions_json", flat=True)
    return frozenset(pattern for stored in lists for pattern in well_formed(stored))

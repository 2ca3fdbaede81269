"""The permissions of staff accounts, and the actor that an account is for service functions."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser

from adminpanel.models import AdminUser, Role
from adminpanel.selectors.accounts import is_user_model, staff_account
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
    """Return the actor of a user who works in the admin, or None for anybody else. Registered with ``core.actors``.

    Beside the host's own user model, that is an active user of the host, with the permissions that the project's
    authentication backends grant. The actor's id is the staff account of that user, None if there is none.
    """
    if isinstance(user, AdminUser):
        return actor_of(user)
    if is_user_model() or not isinstance(user, AbstractBaseUser) or not user.is_active:
        return None
    account = staff_account(user)
    granted = getattr(user, "get_all_permissions", frozenset)
    permissions = frozenset({"*"}) if getattr(user, "is_superuser", False) else frozenset(granted())
    return Actor(ActorKind.STAFF, account.pk if account else None, str(user), permissions)


def is_superuser(actor: Actor) -> bool:
    """Return whether the actor is the system or an active account with the superuser flag.

    Beside the host's own user model, an actor who may do everything is one: the host decides who its superusers are.
    """
    if actor.kind is ActorKind.SYSTEM:
        return True
    if actor.kind is ActorKind.STAFF and not is_user_model():
        return "*" in actor.permissions
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

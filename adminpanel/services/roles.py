"""Roles: saving and deleting them, and which roles an account holds."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction

from adminpanel.errors import GrantRefused, RoleProtected, RoleRefused
from adminpanel.models import SUPERUSER_ROLE, AdminUser, AdminUserRole, Role
from adminpanel.selectors.permissions import outranks
from core.actors import Actor
from core.models import is_new
from core.permissions import not_covered, well_formed


@transaction.atomic
def save_role(*, role: Role, actor: Actor) -> Role:
    """Store a new or changed role.

    Raises ``PermissionRefused``; ``GrantRefused`` if the role has, or had before, permissions that the actor does not
    have; ``RoleRefused`` for permissions that do not exist and for another form of the role ``superuser``.
    """
    actor.require("adminpanel.add_role" if is_new(role) else "adminpanel.change_role")
    if not is_new(role):
        require_grantable(actor, Role.objects.select_for_update().get(pk=role.pk))
    try:
        role.full_clean()
    except ValidationError as error:
        raise RoleRefused(f"The role {role.name} was not saved. {' '.join(error.messages)}") from error
    require_grantable(actor, role)
    role.save()
    return role


@transaction.atomic
def delete_role(*, role: Role, actor: Actor) -> None:
    """Delete a role and its assignments.

    Raises ``PermissionRefused``, ``GrantRefused`` for a role with permissions that the actor does not have, and
    ``RoleProtected`` for the role ``superuser``.
    """
    actor.require("adminpanel.delete_role")
    stored = Role.objects.select_for_update().get(pk=role.pk)
    if stored.name == SUPERUSER_ROLE:
        raise RoleProtected
    require_grantable(actor, stored)
    role.delete()


@transaction.atomic
def set_roles(*, user: AdminUser, roles: Iterable[Role], actor: Actor) -> None:
    """Make ``roles`` the roles of ``user``; roles that the account keeps keep the time of their assignment.

    Raises ``PermissionRefused``, and ``GrantRefused`` if the account has more permissions than the actor or if a role
    that is given or taken has. A role that does not change needs no permission.
    """
    actor.require("adminpanel.change_adminuser")
    require_outranked(actor, user)
    wanted = {role.pk: role for role in roles}
    held = {role.pk: role for role in user.roles.all()}
    for pk in wanted.keys() ^ held.keys():
        require_grantable(actor, wanted.get(pk) or held[pk])
    user.role_assignments.filter(role_id__in=held.keys() - wanted.keys()).delete()
    AdminUserRole.objects.bulk_create(
        [AdminUserRole(admin_user=user, role_id=pk) for pk in sorted(wanted.keys() - held.keys())],
        ignore_conflicts=True,
    )


def require_grantable(actor: Actor, role: Role) -> None:
    """Raise ``GrantRefused`` if the role has permissions that the actor does not have."""
    if missing := not_covered(actor.permissions, well_formed(role.permissions_json)):
        raise GrantRefused(
            f"{actor.name} cannot change or grant the role {role.name}, because {actor.name} does not have these "
            f"permissions: {', '.join(missing)}. To fix this, ask someone who has them."
        )


def require_outranked(actor: Actor, user: AdminUser) -> None:
    """Raise ``GrantRefused`` if the account has permissions that the actor does not have."""
    if not outranks(actor, user):
        raise GrantRefused(
            f"{actor.name} cannot administer the account of {user}, which has more permissions. To fix this, ask "
            "someone who has at least the same permissions."
        )

"""Accounts: the first superuser, saving and deleting accounts, logins, and passwords that someone else set."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import update_last_login
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from adminpanel.errors import AccountRefused, GrantRefused, LastSuperuser, SuperuserExists
from adminpanel.models import SUPERUSER_ROLE, AdminUser, Role
from adminpanel.selectors.accounts import is_user_model
from adminpanel.selectors.permissions import is_superuser
from adminpanel.services.roles import require_outranked, set_roles
from core import clock
from core.actors import Actor, system
from core.models import is_new

_FIRST_SUPERUSER_LOCK = 0x7E99A2


def record_login(sender: Any, user: AbstractBaseUser, **named: Any) -> None:
    """Note the time of a login, except while the owner still has to choose a password.

    For a user who is not a staff account, do what Django does.
    """
    if not isinstance(user, AdminUser):
        update_last_login(sender, cast(Any, user), **named)
    elif not user.must_change_password:
        _record(user, clock.now())


def record_own_password(*, user: AdminUser, at: datetime) -> None:
    """Note that the owner has chosen the password: from now on the account is used normally."""
    _record(user, at)


@transaction.atomic
def require_own_password(*, user: AdminUser, actor: Actor) -> None:
    """Make the owner choose a password at the next login, because ``actor`` set this one.

    Raises ``PermissionRefused``, and ``GrantRefused`` for an account that has more permissions than the actor.
    """
    actor.require("adminpanel.change_adminuser")
    require_outranked(actor, user)
    user.last_login = None
    user.save(update_fields=["last_login", "updated_at"])


@transaction.atomic
def save_account(*, user: AdminUser, actor: Actor) -> AdminUser:
    """Store a new or changed account.

    Raises ``PermissionRefused``; ``GrantRefused`` for an account that has more permissions than the actor, and for
    making or demoting a superuser without being one; ``LastSuperuser`` when no active superuser would remain.
    """
    if is_new(user):
        actor.require("adminpanel.add_adminuser")
        was_superuser = False
    else:
        actor.require("adminpanel.change_adminuser")
        stored = AdminUser.objects.get(pk=user.pk)
        require_outranked(actor, stored)
        was_superuser = bool(stored.is_superuser)
        if not (user.is_superuser and user.is_active):
            require_another_superuser(user)
    if bool(user.is_superuser) != was_superuser and not is_superuser(actor):
        raise GrantRefused(
            f"{actor.name} is not a superuser. To fix this, ask a superuser to change the account of {user}."
        )
    user.save()
    return user


@transaction.atomic
def delete_account(*, user: AdminUser, actor: Actor) -> None:
    """Delete an account and its role assignments.

    Raises ``PermissionRefused``; ``GrantRefused`` for an account that has more permissions than the actor;
    ``AccountRefused`` for the actor's own account; ``LastSuperuser`` for the last active superuser.
    """
    actor.require("adminpanel.delete_adminuser")
    if user.pk == actor.id:
        raise AccountRefused("You cannot delete your own account. To fix this, ask someone else to delete it.")
    require_outranked(actor, user)
    require_another_superuser(user)
    user.delete()


def require_another_superuser(user: AdminUser) -> None:
    """Raise ``LastSuperuser`` if ``user`` is the only active superuser, as the database has it.

    Locks the active superusers until the transaction ends, so that two of them cannot demote each other at once.
    """
    superusers = AdminUser.objects.select_for_update().filter(is_superuser=True, is_active=True).order_by("pk")
    if list(superusers.values_list("pk", flat=True)) == [user.pk]:
        raise LastSuperuser(
            f"{user} is the last active superuser and cannot be deactivated, demoted or deleted. To continue, make "
            "another active account a superuser first."
        )


def create_first_superuser(*, email: str, full_name: str, password: str) -> AdminUser:
    """Create the first account that may do everything; its password must be changed at the first login.

    Raises ``SuperuserExists`` with the name of the existing one, or ``AccountRefused`` with all values that are wrong.
    """
    candidate = AdminUser(email=email.strip().lower(), full_name=full_name.strip(), is_superuser=True)
    _refuse_bad_data(candidate, password)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_FIRST_SUPERUSER_LOCK])
        if existing := AdminUser.objects.filter(is_superuser=True).order_by("created_at").first():
            raise SuperuserExists(f"A superuser already exists: {existing.email}. {_remedy(existing)}")
        if AdminUser.objects.filter(email__iexact=candidate.email).exists():
            raise AccountRefused(
                f"{candidate.email} already has an account, which is not a superuser. To fix this, choose another email."
            )
        candidate.set_password(password)
        candidate.save()
        roles = Role.objects.filter(name=SUPERUSER_ROLE)
        set_roles(user=candidate, roles=roles, actor=system("create_first_superuser"))
    return candidate


def _remedy(existing: AdminUser) -> str:
    if not is_user_model():
        return "To change it or to add another, open Staff accounts in the admin."
    return (
        "To create more, log in to the admin with that account. To set a new password for it, run: "
        f"manage.py changepassword {existing.email}"
    )


def _refuse_bad_data(candidate: AdminUser, password: str) -> None:
    problems: list[str] = []
    try:
        candidate.clean_fields(exclude=["password"])
    except ValidationError as error:
        problems += [f"{name}: {' '.join(messages)}" for name, messages in error.message_dict.items()]
    try:
        validate_password(password, candidate)
    except ValidationError as error:
        problems += [f"password: {' '.join(error.messages)}"]
    if problems:
        raise AccountRefused("The account was not created. " + "; ".join(problems))


def _record(user: AdminUser, at: datetime) -> None:
    user.last_login = at
    user.save(update_fields=["last_login"])

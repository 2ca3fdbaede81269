"""Accounts: the first superuser, logins, and passwords that their owners chose."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import update_last_login
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from adminpanel.errors import AccountRefused, SuperuserExists
from adminpanel.models import AdminUser, Role
from adminpanel.selectors.accounts import is_user_model
from adminpanel.services.roles import set_roles

SUPERUSER_ROLE = "superuser"
_FIRST_SUPERUSER_LOCK = 0x7E99A2


def record_login(sender: Any, user: AbstractBaseUser, **named: Any) -> None:
    """Note the time of a login, except while the owner still has to choose a password.

    For a user who is not a staff account, do what Django does.
    """
    if not isinstance(user, AdminUser):
        update_last_login(sender, cast(Any, user), **named)
    elif not user.must_change_password:
        _record(user, timezone.now())


def record_own_password(*, user: AdminUser, at: datetime) -> None:
    """Note that the owner has chosen the password: from now on the account is used normally."""
    _record(user, at)


def require_own_password(*, user: AdminUser) -> None:
    """Make the owner choose a password at the next login, because somebody else set this one."""
    user.last_login = None
    user.save(update_fields=["last_login", "updated_at"])


def create_first_superuser(*, email: str, full_name: str, password: str) -> AdminUser:
    """Make the first account that may do everything; its password must be changed at the first login.

    Raises ``SuperuserExists`` naming the one there is, or ``AccountRefused`` with everything that is wrong.
    """
    candidate = AdminUser(email=email.strip().lower(), full_name=full_name.strip(), is_superuser=True)
    _refuse_bad_data(candidate, password)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_FIRST_SUPERUSER_LOCK])
        if existing := AdminUser.objects.filter(is_superuser=True).order_by("created_at").first():
            raise SuperuserExists(f"There is a superuser already: {existing.email}. {_remedy(existing)}")
        if AdminUser.objects.filter(email__iexact=candidate.email).exists():
            raise AccountRefused(
                f"{candidate.email} has an account already, without full rights. Choose another email."
            )
        candidate.set_password(password)
        candidate.save()
        set_roles(user=candidate, roles=Role.objects.filter(name=SUPERUSER_ROLE))
    return candidate


def _remedy(existing: AdminUser) -> str:
    if not is_user_model():
        return "To change it or to add another, open Staff accounts in the admin."
    return (
        "Remedy: let that account make further ones in the admin, or give it a new password: "
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
        raise AccountRefused("The account was not made. " + "; ".join(problems))


def _record(user: AdminUser, at: datetime) -> None:
    user.last_login = at
    user.save(update_fields=["last_login"])

"""Authentication and permissions of staff."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import make_password
from django.db import models
from django.http import HttpRequest

from adminpanel.models import AdminUser
from adminpanel.selectors.accounts import is_user_model, staff_account
from adminpanel.selectors.permissions import permissions_of
from core.permissions import allows


class StaffBackend(BaseBackend):
    """Logs in staff by email and password, and answers ``has_perm`` from the roles.

    Beside the host's own user model it logs in nobody, because Django reads the user of a session with the primary
    key of ``AUTH_USER_MODEL``. There it grants the host's users the roles of their staff accounts, which
    ``TEPPAN_STAFF_ACCOUNT`` finds.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **credentials: Any,
    ) -> AdminUser | None:
        """Return the active account whose email is ``username``, in any case, if the password is right."""
        email = username if username is not None else credentials.get(AdminUser.USERNAME_FIELD)
        if not email or password is None or not is_user_model():
            return None
        try:
            user = AdminUser.objects.get_by_natural_key(email)
        except (AdminUser.DoesNotExist, AdminUser.MultipleObjectsReturned):
            make_password(password)  # takes as long as a check, so that the answer does not tell who has an account
            return None
        return user if user.check_password(password) and user.is_active else None

    def get_user(self, user_id: Any) -> AdminUser | None:
        """Return the account of a session, unless it was deactivated meanwhile."""
        return AdminUser.objects.filter(pk=user_id, is_active=True).first() if is_user_model() else None

    def get_all_permissions(self, user_obj: Any, obj: models.Model | None = None) -> set[str]:
        """Return the permission patterns, with their wildcards."""
        account = staff_account(user_obj)
        return set() if account is None else set(permissions_of(account))

    def has_perm(self, user_obj: Any, perm: str, obj: models.Model | None = None) -> bool:
        """Whether a role of the account allows ``app.verb_model``."""
        return allows(self.get_all_permissions(user_obj), perm)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Whether a role of the account allows anything in the app."""
        return any(
            pattern == "*" or pattern.startswith(f"{app_label}.") for pattern in self.get_all_permissions(user_obj)
        )

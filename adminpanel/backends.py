"""Authentication and permissions of staff."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import make_password
from django.db import models
from django.http import HttpRequest

from adminpanel.models import AdminUser
from adminpanel.selectors.permissions import permissions_of
from core.permissions import allows


class StaffBackend(BaseBackend):
    """Logs in by email and password, and answers ``has_perm`` from the roles."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **credentials: Any,
    ) -> AdminUser | None:
        """The active account whose email is ``username``, in any case, if the password is right."""
        email = username if username is not None else credentials.get(AdminUser.USERNAME_FIELD)
        if not email or password is None:
            return None
        try:
            user = AdminUser.objects.get_by_natural_key(email)
        except (AdminUser.DoesNotExist, AdminUser.MultipleObjectsReturned):
            make_password(password)  # takes as long as a check, so that the answer does not tell who has an account
            return None
        return user if user.check_password(password) and user.is_active else None

    def get_user(self, user_id: Any) -> AdminUser | None:
        """The account of a session, unless it was deactivated meanwhile."""
        return AdminUser.objects.filter(pk=user_id, is_active=True).first()

    def get_all_permissions(self, user_obj: Any, obj: models.Model | None = None) -> set[str]:
        """The permission patterns, wildcards as they are."""
        return set(permissions_of(user_obj)) if isinstance(user_obj, AdminUser) else set()

    def has_perm(self, user_obj: Any, perm: str, obj: models.Model | None = None) -> bool:
        """Whether a role of the account allows ``app.verb_model``."""
        return isinstance(user_obj, AdminUser) and allows(permissions_of(user_obj), perm)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Whether a role of the account allows anything in the app."""
        return any(
            pattern == "*" or pattern.startswith(f"{app_label}.") for pattern in self.get_all_permissions(user_obj)
        )

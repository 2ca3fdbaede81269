"""The staff account behind a user, in both supported set-ups.

Our accounts may be the project's user model, or exist beside the host's own user model. In the second case the
setting ``TEPPAN_STAFF_ACCOUNT`` names a function that finds the account of one of the host's users.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.utils.module_loading import import_string

from adminpanel.models import AdminUser

type Person = AbstractBaseUser | AnonymousUser

SETTING = "TEPPAN_STAFF_ACCOUNT"


def is_user_model() -> bool:
    """Whether ``AUTH_USER_MODEL`` is ``adminpanel.AdminUser``, so that staff log in with their own accounts."""
    return issubclass(get_user_model(), AdminUser)


def staff_account(user: Person) -> AdminUser | None:
    """Return the active staff account of ``user``, or None.

    A staff account is its own. For a user of the host, the function that ``TEPPAN_STAFF_ACCOUNT`` names decides; it
    is asked once per user object. Without the setting, the host's users have no staff account.
    """
    if isinstance(user, AdminUser):
        return user if user.is_active else None
    path: str | None = getattr(settings, SETTING, None)
    if not path or not user.is_authenticated or not user.is_active:
        return None
    cache: dict[str, Any] = vars(user)
    if "_staff_account" not in cache:
        account = import_string(path)(user)
        cache["_staff_account"] = account if isinstance(account, AdminUser) and account.is_active else None
    found: AdminUser | None = cache["_staff_account"]
    return found

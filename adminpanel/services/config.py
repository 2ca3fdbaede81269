"""Changing and deleting the stored values of runtime settings."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from adminpanel.errors import SettingRefused
from adminpanel.models import AdminConfig
from adminpanel.selectors.permissions import account_of
from core import settings
from core.actors import Actor
from core.models import is_new


@transaction.atomic
def save_setting(*, setting: AdminConfig, actor: Actor) -> AdminConfig:
    """Store a new or changed setting, with its type and description from the declaration.

    The next transaction of every process uses the value. Raises ``PermissionRefused``, or ``SettingRefused`` with the
    values that are allowed.
    """
    actor.require("adminpanel.add_adminconfig" if is_new(setting) else "adminpanel.change_adminconfig")
    try:
        setting.full_clean()
    except ValidationError as error:
        raise SettingRefused(f"The setting {setting.config_key} was not saved. {' '.join(error.messages)}") from error
    setting.updated_by_admin = account_of(actor)
    setting.save()
    return setting


@transaction.atomic
def delete_setting(*, setting: AdminConfig, actor: Actor) -> None:
    """Delete a stored setting; code that declares the key uses its default from then on.

    Raises ``PermissionRefused``, or ``SettingRefused`` for a system setting.
    """
    actor.require("adminpanel.delete_adminconfig")
    if setting.is_system:
        raise SettingRefused(
            f"The setting {setting.config_key} belongs to the system and cannot be deleted. Change its value instead."
        )
    setting.delete()


def forget_settings(**_: Any) -> None:
    """Have the present transaction read the settings again, because one of their rows was saved or deleted."""
    settings.forget()

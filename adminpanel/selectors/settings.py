"""Settings by key, as their type."""

from __future__ import annotations

from typing import Any

from adminpanel.errors import UnknownSetting
from adminpanel.models import AdminConfig


def setting(key: str) -> Any:
    """The value of a setting: str, Decimal, bool, or what its JSON says. Raises ``UnknownSetting``."""
    row = AdminConfig.objects.filter(config_key=key).first()
    if row is None:
        raise UnknownSetting(f"There is no setting {key!r}. Remedy: add it in the admin under Settings.")
    return row.value()

"""The stored values of runtime settings, as ``core.settings`` reads them."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import router

from adminpanel.models import AdminConfig
from core.settings import all_declared


class AdminConfigStore:
    """Reads the table ``admin_config``. Registered with ``core.settings`` when Django starts.

    It reads from the database that receives the writes: a replica could lag behind a change.
    """

    def alias(self) -> str:
        """Return the alias of the database with the table."""
        return router.db_for_write(AdminConfig)

    def texts(self) -> Mapping[str, str]:
        """Return the stored text of each key."""
        return dict(AdminConfig.objects.using(self.alias()).values_list("config_key", "config_value"))


def keys_without_row() -> list[str]:
    """Return the keys of declared settings that use their default because no value is stored."""
    stored = set(AdminConfig.objects.values_list("config_key", flat=True))
    return [setting.key for setting in all_declared() if setting.key not in stored]

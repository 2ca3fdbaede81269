"""Which of the installed apps belong to the project, and which came as packages."""

from __future__ import annotations

from pathlib import Path

from django.apps import AppConfig, apps
from django.conf import settings

_INSTALLED = {"site-packages", "dist-packages"}


def own_apps() -> set[str]:
    """Return the labels of the project's own apps.

    They are the apps in the folder ``BASE_DIR``, except those in an environment's ``site-packages``. Without
    ``BASE_DIR`` in the settings, they are all apps outside ``site-packages``.
    """
    return {config.label for config in apps.get_app_configs() if _is_own(config)}


def _is_own(config: AppConfig) -> bool:
    folder = Path(config.path).resolve()
    base = getattr(settings, "BASE_DIR", None)
    if _INSTALLED & set(folder.parts):
        return False
    return base is None or folder.is_relative_to(Path(base).resolve())

"""The Django application ``core``."""

from __future__ import annotations

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Building blocks that all domain apps share."""

    name = "core"
    verbose_name = "Core"

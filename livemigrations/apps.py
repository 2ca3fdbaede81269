"""The Django application of the engine."""

from __future__ import annotations

from django.apps import AppConfig


class LiveMigrationsConfig(AppConfig):
    """Registers the commands; the engine's own tables are made when a run first needs them."""

    name = "livemigrations"
    verbose_name = "Live migrations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have the events of runs written to the logger ``livemigrations``."""
        from livemigrations import logs

        logs.connect()

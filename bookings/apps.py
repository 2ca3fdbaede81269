"""The Django application ``bookings``."""

from __future__ import annotations

from django.apps import AppConfig


class BookingsConfig(AppConfig):
    """Locations and the events that they cater."""

    name = "bookings"
    verbose_name = "Bookings"

    def ready(self) -> None:
        """Declare the runtime settings."""
        from bookings import settings  # noqa: F401

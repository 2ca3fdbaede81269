"""The Django application ``payments``."""

from __future__ import annotations

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """Payments, deposits and loyalty."""

    name = "payments"
    verbose_name = "Payments"

    def ready(self) -> None:
        """Declare the runtime settings."""
        from payments import settings  # noqa: F401

"""The Django application ``customers``."""

from __future__ import annotations

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    """Customers and everyone who may become one."""

    name = "customers"
    verbose_name = "Customers"

    def ready(self) -> None:
        """Declare the runtime settings."""
        from customers import settings  # noqa: F401

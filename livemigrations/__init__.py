"""Migrations that run against a live PostgreSQL database: safe under traffic, resumable, reversible, measured.

Add ``livemigrations`` to ``INSTALLED_APPS`` and ``manage.py migrate`` uses this engine. The public names are
``livemigrations.MigrationService``, ``run_migrations`` and ``get_migration_status`` (Python interface) and ``livemigrations.operations`` (for migration files).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from livemigrations.service import MigrationService, get_migration_status, run_migrations

__all__ = ["MigrationService", "get_migration_status", "run_migrations"]


def __getattr__(name: str) -> Any:
    """Import the service on first use, so that the package can be named in ``INSTALLED_APPS``."""
    if name in __all__:
        from livemigrations import service

        return getattr(service, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""Migrations that run against a live PostgreSQL database: safe under traffic, resumable, reversible, measured.

Add ``livemigrations`` to ``INSTALLED_APPS`` and ``manage.py migrate`` uses this engine. The public names are
``livemigrations.MigrationService`` (Python interface) and ``livemigrations.operations`` (for migration files).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from livemigrations.service import MigrationService

__all__ = ["MigrationService"]


def __getattr__(name: str) -> Any:
    """Import the service on first use, so that the package can be named in ``INSTALLED_APPS``."""
    if name == "MigrationService":
        from livemigrations.service import MigrationService

        return MigrationService
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

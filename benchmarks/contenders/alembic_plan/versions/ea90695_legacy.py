"""The legacy database, which is there already."""

from __future__ import annotations

revision = "ea90695"
down_revision = None


def upgrade() -> None:
    """Made by whoever built the database."""

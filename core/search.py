"""Helpers for search terms."""

from __future__ import annotations

from uuid import UUID


def as_uuid(text: str) -> UUID | None:
    """Return the search term as the primary key that it spells, or None."""
    try:
        return UUID(text)
    except ValueError:
        return None

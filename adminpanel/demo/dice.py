"""Numbers that look random and are the same in every run."""

from __future__ import annotations

from random import Random
from uuid import UUID, uuid5

_NAMESPACE = UUID("7e99a200-0000-4000-8000-000000000000")


def key(kind: str, number: int | str) -> UUID:
    """The ID of the demo row ``number`` of a kind."""
    return uuid5(_NAMESPACE, f"{kind}/{number}")


def dice(purpose: str) -> Random:
    """A generator of its own for each purpose, so that one more row of a kind changes no other kind."""
    return Random(f"teppan demo {purpose}")

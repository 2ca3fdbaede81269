"""Helpers for search terms."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, F, Func, Q, QuerySet


class _IsAnyOf(Func):
    """``left = ANY(array)``."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field = BooleanField()


def as_uuid(text: str) -> UUID | None:
    """Return the search term as the primary key that it spells, or None."""
    try:
        return UUID(text)
    except ValueError:
        return None


def key_in(path: str, keys: QuerySet[Any]) -> Q:
    """Return the condition that the foreign key ``path`` is one of ``keys``, a queryset of one column.

    PostgreSQL evaluates ``path = ANY(ARRAY(SELECT …))`` by looking up the keys first and then the index on the
    foreign key. For ``path IN (SELECT …)`` it may walk a list in its order instead, until enough rows match: seconds
    on a large table if few rows do.
    """
    return Q(_IsAnyOf(F(path), ArraySubquery(keys)))

"""The columns that recur in the plan's tables."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models.functions import Now

type Column = tuple[str, models.Field[Any, Any]]


def table(*columns: Column, updated: bool = True) -> list[Column]:
    """Return a table's columns with the key before and the times of creation and change behind them."""
    key: models.Field[Any, Any] = models.UUIDField(
        primary_key=True, db_default=RandomUUID(), editable=False, serialize=False
    )
    times = [("created_at", moment(db_default=Now()))]
    if updated:
        times.append(("updated_at", moment(db_default=Now())))
    return [("id", key), *columns, *times]


def text(length: int, *, null: bool = False, **options: Any) -> models.CharField[Any, Any]:
    """Return a varchar column."""
    return models.CharField(max_length=length, null=null, **options)


def number(**options: Any) -> models.IntegerField[Any, Any]:
    """Return an integer column."""
    return models.IntegerField(**options)


def money(digits: int = 10, **options: Any) -> models.DecimalField[Any, Any]:
    """Return a decimal column with two places."""
    return models.DecimalField(max_digits=digits, decimal_places=2, **options)


def moment(**options: Any) -> models.DateTimeField[Any, Any]:
    """Return a nullable timestamptz column."""
    return models.DateTimeField(null=True, **options)


def flag(*, default: bool) -> models.BooleanField[Any, Any]:
    """Return a nullable boolean column with a database default."""
    return models.BooleanField(null=True, db_default=default)


def owner(model: str) -> models.ForeignKey[Any, Any]:
    """Return a key whose rows go with the row that they belong to; its index is declared by name."""
    return models.ForeignKey(f"plain.{model}", models.DB_CASCADE, db_index=False, related_name="+")


def link(model: str, **options: Any) -> models.ForeignKey[Any, Any]:
    """Return a nullable key that is emptied when the other row goes; its index is declared by name."""
    return models.ForeignKey(
        f"plain.{model}", models.DB_SET_NULL, null=True, db_index=False, related_name="+", **options
    )

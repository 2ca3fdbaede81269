"""Pages of a large list by keyset: each page starts at the row where the last one ended, however deep it lies.

PostgreSQL skips all earlier rows for ``OFFSET``; a condition on the ordering columns follows the index instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.core import signing
from django.core.exceptions import FieldDoesNotExist
from django.db.models import F, Field, Model, Q, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.db.models.expressions import OrderBy

_SALT = "core.admin.keyset"


class BadCursor(ValueError):
    """The cursor does not belong to this list or its order."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an ORDER BY. NULL sorts as the greatest value, as PostgreSQL does by default."""

    path: str
    descending: bool
    field: Field[Any, Any]
    nullable: bool

    def __str__(self) -> str:
        return f"-{self.path}" if self.descending else self.path

    def value(self, row: Model) -> Any:
        """Return the row's value, following foreign keys."""
        value: Any = row
        for name in self.path.split(LOOKUP_SEP):
            value = getattr(value, name, None)
            if value is None:
                return None
        return value

    def same(self, value: Any) -> Q:
        """Return the condition for rows with this value."""
        return Q(**{f"{self.path}__isnull": True}) if value is None else Q(**{self.path: value})

    def beyond(self, value: Any) -> Q | None:
        """Return the condition for rows behind this value in the order; None if no row can be."""
        if self.descending:
            return Q(**{f"{self.path}__isnull": False}) if value is None else Q(**{f"{self.path}__lt": value})
        if value is None:
            return None
        behind = Q(**{f"{self.path}__gt": value})
        return behind | Q(**{f"{self.path}__isnull": True}) if self.nullable else behind

    def bound(self, value: Any) -> Q | None:
        """Return a condition that all rows behind the value meet and an index can use; None if there is none."""
        if value is None:
            return None
        if self.descending:
            return Q(**{f"{self.path}__lte": value})
        return None if self.nullable else Q(**{f"{self.path}__gte": value})


def columns_of(queryset: QuerySet[Any]) -> list[Column] | None:
    """Return the columns that order a queryset, ending with the primary key.

    None if one of them is an expression, an annotation, or puts NULL elsewhere than PostgreSQL does by default.
    """
    found: list[Column] = []
    for entry in queryset.query.order_by:
        column = _column(queryset.model, entry)
        if column is None:
            return None
        found.append(column)
    return found if found and found[-1].path == queryset.model._meta.pk.name else None


def beyond(columns: Sequence[Column], values: Sequence[Any]) -> Q:
    """Return the condition for rows behind the row with these values in the order of the columns."""
    condition, same = Q(pk__in=()), Q()
    for column, value in zip(columns, values, strict=True):
        behind = column.beyond(value)
        if behind is not None:
            condition |= same & behind
        same &= column.same(value)
    bound = columns[0].bound(values[0])
    return condition if bound is None else bound & condition


def reversed_columns(columns: Sequence[Column]) -> list[Column]:
    """Return the columns in the opposite order."""
    return [Column(one.path, not one.descending, one.field, one.nullable) for one in columns]


def encode(columns: Sequence[Column], row: Model) -> str:
    """Return a row's position in the order as text for a query string, signed: nobody else makes up the values."""
    content = {"o": [str(column) for column in columns], "v": [_plain(column.value(row)) for column in columns]}
    return signing.dumps(content, salt=_SALT, compress=True)


def decode(columns: Sequence[Column], cursor: str) -> list[Any]:
    """Return the values of a position. Raises ``BadCursor`` if it is not one of this order that ``encode`` returned."""
    try:
        content = signing.loads(cursor, salt=_SALT)
    except signing.BadSignature as error:
        raise BadCursor(cursor) from error
    if content["o"] != [str(column) for column in columns]:
        raise BadCursor(cursor)
    return [
        None if value is None else column.field.to_python(value)
        for column, value in zip(columns, content["v"], strict=True)
    ]


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    return value.isoformat() if isinstance(value, datetime | date | time) else str(value)


def _column(model: type[Model], entry: Any) -> Column | None:
    if isinstance(entry, OrderBy):
        if not isinstance(entry.expression, F) or entry.nulls_first or entry.nulls_last:
            return None
        path, descending = str(entry.expression.name), entry.descending  # type: ignore[attr-defined]  # missing in stubs
    elif isinstance(entry, str) and entry != "?":
        path, descending = entry.lstrip("-"), entry.startswith("-")
    else:
        return None
    if path == "pk":
        path = model._meta.pk.name
    field, nullable = _follow(model, path)
    return None if field is None else Column(path, descending, field, nullable)


def _follow(model: type[Model], path: str) -> tuple[Field[Any, Any] | None, bool]:
    """Return the field at the end of a path, and whether it may be NULL; None for what is not a plain column."""
    nullable, names = False, path.split(LOOKUP_SEP)
    found: Field[Any, Any] | None = None
    for position, name in enumerate(names):
        try:
            field = model._meta.get_field(name)
        except FieldDoesNotExist:
            return None, False
        if not isinstance(field, Field) or (field.is_relation and position == len(names) - 1):
            return None, False
        nullable = nullable or field.null
        if field.is_relation:
            if not field.many_to_one and not field.one_to_one:
                return None, False
            assert isinstance(field.related_model, type)
            model = field.related_model
        found = field
    return found, nullable

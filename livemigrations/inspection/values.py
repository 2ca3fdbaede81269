"""Values that a field takes by its definition: what a release may write into its column."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field

_LONGEST = 2_000
_DAY = datetime.date(2001, 2, 3)
_MOMENT = datetime.datetime(2001, 2, 3, 4, 5, 6, tzinfo=datetime.UTC)
_PLAIN: dict[str, tuple[Any, ...]] = {
    "BooleanField": (True, False),
    "DateField": (_DAY, datetime.date(1970, 1, 1), datetime.date(2999, 12, 31)),
    "DateTimeField": (_MOMENT, datetime.datetime(2999, 12, 31, tzinfo=datetime.UTC)),
    "TimeField": (datetime.time(4, 5, 6), datetime.time(0, 0)),
    "DurationField": (datetime.timedelta(hours=1), datetime.timedelta(0), datetime.timedelta(days=-1)),
    "FloatField": (1.5, 0.0, -1.5),
    "BinaryField": (b"x", b""),
    "JSONField": ({}, {"key": "value"}, [], "text", 1),
    "GenericIPAddressField": ("192.0.2.1", "2001:db8::1"),
    "IPAddressField": ("192.0.2.1",),
    "UUIDField": (uuid.UUID(int=1),),
    "HStoreField": ({},),
}
_TEXT = ("CharField", "TextField", "SlugField", "FileField", "FilePathField")


def values(field: Field[Any, Any], connection: BaseDatabaseWrapper) -> list[Any]:
    """Some values that the field takes, the ordinary ones first; every choice where it has choices.

    What its validators refuse is left out, and NULL is the last where it may be. Empty for types not known here.
    """
    found = [choice for choice, _ in field.flatchoices] or list(_by_type(field, connection))
    return [*(value for value in found if _passes(field, value)), *([None] if field.null else [])]


def distinct(field: Field[Any, Any], number: int) -> Any:
    """A value of its own for each number, for columns that must not repeat; None for types not known here."""
    kind = field.get_internal_type()
    if kind in _TEXT:
        texts = (f"x{number}", f"x{number}@example.com", f"https://example.com/{number}", f"+1{number:010}")
        return next((text for text in texts if _passes(field, text)), None)
    if kind.endswith("IntegerField"):
        return 20_000 + number
    if kind == "UUIDField":
        return uuid.UUID(int=(7 << 64) + number)
    if kind in ("DateField", "DateTimeField"):
        return (_DAY if kind == "DateField" else _MOMENT) + datetime.timedelta(days=number)
    if kind == "DecimalField":
        return Decimal(number)
    if kind == "GenericIPAddressField":
        return f"192.0.2.{number % 256}"
    return None


def _by_type(field: Any, connection: BaseDatabaseWrapper) -> Iterator[Any]:
    kind = field.get_internal_type()
    if kind in _PLAIN:
        yield from _PLAIN[kind]
    elif kind == "ArrayField":
        yield []
        yield from ([value] for value in values(field.base_field, connection))
    elif kind.endswith("IntegerField"):
        yield from (1, 0, -1)
        yield from connection.ops.integer_field_range(kind)
    elif kind == "DecimalField":
        yield from (Decimal(1), Decimal(0), Decimal(-1))
        if field.max_digits is not None:
            yield Decimal(10 ** (field.max_digits - field.decimal_places) - 1)
    elif kind in _TEXT:
        yield from ("x", "x" * min(field.max_length or _LONGEST, _LONGEST), "Größe 5%'\"")
        yield from ("x@example.com", "https://example.com/", "+12025550123")  # for those whose validators want a form
        if field.blank:
            yield ""


def _passes(field: Field[Any, Any], value: Any) -> bool:
    if getattr(field, "max_length", None) and isinstance(value, str) and len(value) > field.max_length:  # type: ignore[operator]
        return False
    try:
        field.run_validators(value)
    except (ValidationError, TypeError):
        return False
    return True

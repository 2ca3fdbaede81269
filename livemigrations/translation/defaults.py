"""What a new column's rows get: a constant, a value of each row's own, or nothing."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

from django.contrib.postgres.functions import RandomUUID
from django.db.models import NOT_PROVIDED, DateField, Field, Func, TimeField, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import UUID4, UUID7, Now
from django.utils import timezone

VOLATILE = {
    "gen_random_uuid", "uuidv4", "uuidv7", "uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4", "random",
    "random_normal", "clock_timestamp", "timeofday", "nextval", "setval", "gen_random_bytes", "gen_salt",
}  # fmt: skip
# The same for every row of a statement, whichever class of expression calls them.
_STEADY = {"now", "transaction_timestamp", "statement_timestamp"}
_CALLS = {Func.template, "%(function)s()"}
_KNOWN = ("django.db.models.", "django.contrib.postgres.", "livemigrations.")
_EMPTY_BY_TYPE: tuple[Any, ...] = (dict, list, str, int, float, bool)
_EACH_ITS_OWN = {uuid.uuid4: RandomUUID}

Volatile = Callable[[Any], bool]


def is_volatile(expression: Any) -> bool:
    """Whether a ``db_default`` may differ from row to row: by the functions that it names, the unknown counting too."""
    if not hasattr(expression, "resolve_expression") or isinstance(expression, Value):
        return False
    return any(_is_volatile(node) for node in expression.flatten() if node is not None)


def _is_volatile(node: Any) -> bool:
    if isinstance(node, UUID4 | UUID7):
        return True
    if isinstance(node, RawSQL):
        return _names_volatile(node.sql)
    if not isinstance(node, Func):
        return False
    template = node.extra.get("template") or node.template or ""
    if str(node.function).lower() in _STEADY and template in _CALLS:
        return False
    known = type(node).__module__.startswith(_KNOWN) and type(node) is not Func
    return not known or _names_volatile(f"{node.extra.get('function') or node.function or ''}( {template}")


def _names_volatile(text: str) -> bool:
    return any(name.lower() in VOLATILE for name in re.findall(r"(\w+)\s*\(", text))


def filled_with(field: Field[Any, Any]) -> Any:
    """What Django puts into the rows of a new NOT NULL column: a value, a callable, or NOT_PROVIDED for nothing."""
    if field.has_default():
        return field.default
    if not field.null and field.blank and field.empty_strings_allowed:
        return b"" if field.get_internal_type() == "BinaryField" else ""
    if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
        return timezone.now
    return NOT_PROVIDED


def as_db_default(field: Field[Any, Any], value: Any) -> Any:
    """The ``db_default`` that stands for a value of ``filled_with``; NOT_PROVIDED if the database cannot know it."""
    if not type(field).__module__.startswith(_KNOWN):
        return NOT_PROVIDED
    if value is timezone.now and isinstance(field, DateField | TimeField):
        return Now()
    if callable(value):
        return value() if value in _EMPTY_BY_TYPE else NOT_PROVIDED
    return value


def own_of_each(field: Field[Any, Any], value: Any) -> Any:
    """What gives each row a value of its own, if that is meant: an expression or a callable; else NOT_PROVIDED."""
    if not callable(value) or value in _EMPTY_BY_TYPE or value is timezone.now:
        return NOT_PROVIDED
    if value in _EACH_ITS_OWN:
        return _EACH_ITS_OWN[value]()
    return value if field.unique else NOT_PROVIDED

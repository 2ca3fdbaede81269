"""Fields that differ in a detail from a given one: on the way to it, or as what stays of it in the database."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import NOT_PROVIDED, Field

_PLAIN_TYPES: dict[str, type[Field[Any, Any]]] = {
    "AutoField": models.IntegerField,
    "BigAutoField": models.BigIntegerField,
    "SmallAutoField": models.SmallIntegerField,
    "PositiveIntegerField": models.IntegerField,
    "PositiveSmallIntegerField": models.SmallIntegerField,
    "PositiveBigIntegerField": models.BigIntegerField,
}


def variant(field: Field[Any, Any], **changes: Any) -> Field[Any, Any]:
    """The same field with other arguments; NOT_PROVIDED leaves an argument away."""
    _, _, arguments, keywords = field.deconstruct()
    keywords.update(changes)
    made: Field[Any, Any] = type(field)(
        *arguments, **{name: value for name, value in keywords.items() if value is not NOT_PROVIDED}
    )
    made.name = field.name
    return made


def is_relation(field: Field[Any, Any]) -> bool:
    """Whether the field is a column with a foreign key."""
    return bool(field.remote_field) and not field.many_to_many


def has_key(field: Any) -> bool:
    """Whether the field has a foreign key in the database."""
    return is_relation(field) and bool(getattr(field, "db_constraint", False))


def without_key(field: Field[Any, Any]) -> Field[Any, Any]:
    """The same field without its foreign key in the database."""
    return variant(field, db_constraint=False) if has_key(field) else field


def relaxed(field: Field[Any, Any]) -> Field[Any, Any]:
    """What remains of a field that the code no longer knows: rows can be inserted without it, no key ties it.

    A constant default moves into the database; without one the column takes NULL.
    """
    changes: dict[str, Any] = {"db_constraint": False} if has_key(field) else {}
    if not (field.null or field.primary_key or field.generated or field.has_db_default()):
        constant = field.has_default() and not callable(field.default) and not field.unique and not is_relation(field)
        if constant and field.default is not None:
            changes["db_default"] = field.default
        else:
            changes |= {"null": True, "default": NOT_PROVIDED}
    return variant(field, **changes) if changes else field


def as_column(field: Field[Any, Any]) -> Field[Any, Any]:
    """A rendered model's field as nothing but its column: relations become fields of their target's type."""
    kept: dict[str, Any] = {"db_column": NOT_PROVIDED if field.column == field.name else field.column}
    if not is_relation(field):
        return variant(field, **kept)
    target: Any = field
    while target.remote_field:
        target = target.target_field
    names = ("null", "unique", "primary_key", "db_index", "db_default", "db_comment", "db_tablespace", "default")
    _, _, _, stated = field.deconstruct()
    kept |= {name: stated[name] for name in names if stated.get(name) not in (None, "")}
    if field.unique and not field.primary_key:
        kept["unique"] = True
    if "db_index" not in stated and not field.unique:
        kept["db_index"] = getattr(field, "db_index", False)
    plain = _PLAIN_TYPES.get(target.get_internal_type())
    if plain is not None:
        return variant(plain(), **kept)
    made: Field[Any, Any] = variant(
        target, **{"primary_key": NOT_PROVIDED, "unique": NOT_PROVIDED, "default": NOT_PROVIDED,
                   "db_default": NOT_PROVIDED, "db_column": NOT_PROVIDED, **kept},
    )  # fmt: skip
    return made

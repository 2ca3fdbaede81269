"""Whether a changed field takes less than it took: what the release before may still write is refused then."""

from __future__ import annotations

from typing import Any

from django.db.models import Field, ForeignKey, ManyToManyField
from django.db.models.fields.related import RelatedField

# From which internal type to which others every value fits.
_WIDENS = {
    "SmallIntegerField": {"IntegerField", "BigIntegerField"},
    "IntegerField": {"BigIntegerField"},
    "PositiveSmallIntegerField": {
        "SmallIntegerField",
        "PositiveIntegerField",
        "PositiveBigIntegerField",
        "IntegerField",
        "BigIntegerField",
    },
    "PositiveIntegerField": {"PositiveBigIntegerField", "IntegerField", "BigIntegerField"},
    "PositiveBigIntegerField": {"BigIntegerField"},
    "SmallAutoField": {"AutoField", "BigAutoField"},
    "AutoField": {"BigAutoField"},
    "CharField": {"TextField"},
    "SlugField": {"CharField", "TextField"},
    "FileField": {"CharField", "TextField"},
    "FilePathField": {"CharField", "TextField"},
}


def narrows(old: Field[Any, Any], new: Field[Any, Any]) -> bool:
    """Whether ``new`` refuses NULL or values that ``old`` took, or keeps them in another type.

    Fields of a migration's state. UNIQUE and CHECKs do not count: which values they refuse depends on the rows.
    """
    if isinstance(old, ManyToManyField) or isinstance(new, ManyToManyField):
        return _target(old) != _target(new)
    if old.null and not new.null:
        return True
    if isinstance(old, ForeignKey) and isinstance(new, ForeignKey):
        return _target(old) != _target(new)
    kind, other = old.get_internal_type(), new.get_internal_type()
    if kind != other and other not in _WIDENS.get(kind, set()):
        return True
    return _shorter(old, new) or _fewer_digits(old, new)


def _target(field: Any) -> str:
    return str(field.remote_field.model).lower() if isinstance(field, RelatedField) else ""


def _shorter(old: Field[Any, Any], new: Field[Any, Any]) -> bool:
    now = getattr(new, "max_length", None)
    if now is None or new.get_internal_type() == "TextField":
        return False
    was = getattr(old, "max_length", None)
    return was is None or now < was


def _fewer_digits(old: Any, new: Any) -> bool:
    if old.get_internal_type() != "DecimalField" or new.get_internal_type() != "DecimalField":
        return False
    if None in (new.max_digits, new.decimal_places):
        return False
    if None in (old.max_digits, old.decimal_places):
        return True
    whole = new.max_digits - new.decimal_places < old.max_digits - old.decimal_places
    return bool(whole or new.decimal_places < old.decimal_places)

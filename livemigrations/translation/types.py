"""Types of columns: what Django would declare, and which changes leave the rows alone."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.models import Field

from livemigrations.statements.types import keeps_rows


@cache
def offline() -> DatabaseWrapper:
    """A connection that is never opened: Django asks one for the spelling of types."""
    return DatabaseWrapper({"NAME": "", "OPTIONS": {}, "TIME_ZONE": None}, alias="livemigrations_offline")


def type_of(field: Field[Any, Any]) -> str:
    """The type of a field's column as ``format_type`` spells it; empty for none, and for fields that need a server."""
    try:
        declared = field.db_type(offline())
    except (AttributeError, NotImplementedError, ValueError):
        return ""
    return re.sub(r"^varchar", "character varying", (declared or "").replace(", ", ","))


def changes_rows(old: Field[Any, Any], new: Field[Any, Any]) -> bool:
    """Whether altering one field of a rendered model to the other changes the type so that rows are rewritten."""
    before, after = type_of(old), type_of(new)
    return bool(before and after) and not keeps_rows(before, after)

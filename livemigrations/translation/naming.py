"""What Django calls the columns and tables of a state that is not rendered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.backends.utils import truncate_name
from django.db.models import Field, ForeignKey

from livemigrations.statements.names import MAX_BYTES


def column_of(name: str, field: Field[Any, Any]) -> str:
    """The column of a state's field; empty for none."""
    if field.many_to_many:
        return ""
    return field.db_column or (f"{name}_id" if isinstance(field, ForeignKey) else name)


def table_of(app_label: str, name: str, options: Mapping[str, object]) -> str:
    """The table of a state's model, not quoted; Django shortens a long name of its own and leaves ``db_table`` as it is."""
    return str(options.get("db_table") or truncate_name(f"{app_label}_{name.lower()}", MAX_BYTES))


def many_table_of(table: str, name: str, field: Any) -> str:
    """The table that Django makes for a many-to-many field of ``table``; empty if a model stands for it."""
    through = field.remote_field.through
    if through is not None and not getattr(getattr(through, "_meta", None), "auto_created", False):
        return ""
    return str(field.db_table or truncate_name(f"{table}_{name}".replace('"', ""), MAX_BYTES))

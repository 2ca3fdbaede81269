"""Facts about the fields of a project state, found without rendering its models and without a database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import truncate_name
from django.db.migrations.state import ModelState, ProjectState
from django.db.migrations.utils import resolve_relation
from django.db.models import AutoField, Field, ForeignKey, GeneratedField
from django.db.models.fields import AutoFieldMixin
from django.db.models.fields.composite import CompositePrimaryKey
from django.db.models.fields.related import ForeignObject

from livemigrations.review.lint.effects import Default
from livemigrations.review.lint.volatility import of_expression
from livemigrations.statements.names import parse_name

type AnyField = Field[Any, Any]
_LONG_NAMES = {"varchar": "character varying", "varbit": "bit varying", "char": "character", "bool": "boolean"}
_NUMBERED = re.compile(r"^(small|big)?serial\d?\b|generated .*as identity", re.IGNORECASE)


@dataclass(frozen=True)
class Facts:
    """Reads one project state. ``connection`` is asked for names of types only and is never opened."""

    connection: BaseDatabaseWrapper
    state: ProjectState

    def model(self, app: str, name: str) -> ModelState | None:
        return self.state.models.get((app, name.lower()))

    def table(self, model: ModelState) -> str:
        """The table's name as the database has it."""
        named = model.options.get("db_table")
        if named:
            return parse_name(str(named)).name if '"' in str(named) else str(named)
        return self._short(f"{model.app_label}_{model.name_lower}")

    def through(self, model: ModelState, name: str, field: Any) -> str:
        """The table that Django itself makes for a many-to-many field; empty if a model stands for it."""
        if field.remote_field.through is not None and not _is_auto(field.remote_field.through, model, name):
            return ""
        return str(field.db_table or "") or self._short(f"{self.table(model)}_{name}")

    def _short(self, name: str) -> str:
        return truncate_name(name, self.connection.ops.max_name_length())

    def managed(self, model: ModelState) -> bool:
        """Whether migrations touch the model's table."""
        swapped = _setting(model.options.get("swappable"))
        is_swapped = bool(swapped) and swapped.lower() != f"{model.app_label}.{model.name_lower}"
        return bool(model.options.get("managed", True)) and not model.options.get("proxy") and not is_swapped

    def target(self, model: ModelState, field: AnyField) -> ModelState | None:
        """The model that a relation points at."""
        remote = getattr(field, "remote_field", None)
        if remote is None or remote.model is None:
            return None
        key = resolve_relation(remote.model, model.app_label, model.name_lower)
        return self.state.models.get((key[0], key[1]))

    def primary_key(self, model: ModelState, seen: frozenset[str] = frozenset()) -> tuple[str, AnyField] | None:
        """The primary key's name and field, looked up in the bases where the model itself has none."""
        for name, field in model.fields.items():
            if field.primary_key:
                return name, field
        for base in model.bases:
            if isinstance(base, str) and base not in seen and "." in base:
                app, _, parent = base.partition(".")
                found = self.model(app, parent)
                if found is not None and (key := self.primary_key(found, seen | {base})):
                    return key
        return None

    def type(self, model: ModelState, field: AnyField, depth: int = 0) -> str:
        """The column's type as PostgreSQL names it; empty for what has no column or cannot be told."""
        if isinstance(field, ForeignKey):
            return self._referenced_type(model, field, depth)
        if not has_column(field):
            return ""
        try:
            spelled = field.db_type(self.connection) or ""
        except Exception:  # noqa: BLE001 - a field of somebody else's may need the server: then its type is unknown
            return ""
        return long_name(spelled)

    def _referenced_type(self, model: ModelState, field: ForeignKey[Any, Any], depth: int) -> str:
        target = self.target(model, field)
        if target is None or depth > 20:
            return ""
        name = field.remote_field.field_name
        found = (name, target.fields[name]) if name in target.fields else self.primary_key(target)
        if found is None:
            return ""
        if isinstance(found[1], ForeignKey) or not hasattr(found[1], "rel_db_type"):
            return self.type(target, found[1], depth + 1)
        try:
            return long_name(found[1].rel_db_type(self.connection) or "")
        except Exception:  # noqa: BLE001 - as above
            return ""

    def columns(self, model: ModelState) -> Iterator[tuple[str, AnyField]]:
        """The names and fields of a model that have a column."""
        for name, field in model.fields.items():
            if has_column(field):
                yield name, field

    def column_of(self, model: ModelState, name: str) -> str:
        """The column of a field by its name; the name itself if there is no such field."""
        name = name.lstrip("-")
        if name == "pk" and (found := self.primary_key(model)):
            return column(*found)
        return column(name, model.fields[name]) if name in model.fields else name

    def by_table(self, table: str) -> ModelState | None:
        """The model of a table."""
        return self._tables.get(table)

    @cached_property
    def _tables(self) -> dict[str, ModelState]:
        models = (model for model in self.state.models.values() if not model.options.get("proxy"))
        return {self.table(model): model for model in models}


def _setting(name: Any) -> str:
    from django.conf import settings

    return str(getattr(settings, str(name), "") or "") if name else ""


def _is_auto(through: Any, model: ModelState, name: str) -> bool:
    """Whether ``through`` is the model that Django derives from the field itself."""
    text = through if isinstance(through, str) else through._meta.label_lower
    return bool(text.lower() == f"{model.app_label}.{model.name_lower}_{name}".lower())


def long_name(spelled: str) -> str:
    """A type as the catalog spells it: ``varchar(10)`` is ``character varying(10)``."""
    found = re.match(r"(\w+)(.*)$", spelled.strip(), re.DOTALL)
    if not found:
        return spelled
    rest = found[2].replace(", ", ",")
    return _LONG_NAMES.get(found[1].lower(), found[1].lower()) + rest


def has_column(field: AnyField) -> bool:
    """Whether the field itself is stored in the table."""
    if isinstance(field, CompositePrimaryKey) or field.many_to_many:
        return False
    return not isinstance(field, ForeignObject) or isinstance(field, ForeignKey)


def column(name: str, field: AnyField) -> str:
    """The column of a field that stands in a state under ``name``."""
    if field.db_column:
        return field.db_column
    return f"{name}_id" if isinstance(field, ForeignKey) else name


def default(field: AnyField) -> tuple[Default, str]:
    """The default that the database itself keeps, and what decides its kind."""
    if not field.has_db_default():
        return Default.NONE, ""
    return of_expression(field.db_default)


def filled_with(field: AnyField) -> Any:
    """What Django writes into rows that have no value when the column becomes NOT NULL; None for nothing."""
    if field.has_default():
        return field.default
    if field.has_db_default():
        return field.db_default
    return "" if not field.null and field.blank and field.empty_strings_allowed else None


def numbered(field: AnyField, connection: BaseDatabaseWrapper) -> bool:
    """Whether the column counts by itself."""
    if isinstance(field, AutoField | AutoFieldMixin):
        return True
    try:
        suffix = f"{field.db_type(connection) or ''} {field.db_type_suffix(connection) or ''}"
    except Exception:  # noqa: BLE001 - a field of somebody else's may need the server
        return False
    return bool(_NUMBERED.search(suffix))


def stored(field: AnyField) -> bool:
    """Whether the column is generated and stored."""
    return isinstance(field, GeneratedField) and bool(getattr(field, "db_persist", False))


def has_index(field: AnyField) -> bool:
    """Whether Django makes a plain index for the field alone."""
    return bool(getattr(field, "db_index", False) and not field.unique and has_column(field))


def has_check(field: AnyField, connection: BaseDatabaseWrapper) -> bool:
    """Whether the type of the field brings a CHECK."""
    return field.get_internal_type() in getattr(connection, "data_type_check_constraints", {})


def has_key(field: AnyField) -> bool:
    """Whether the field brings a foreign key of the database."""
    return isinstance(field, ForeignKey) and bool(getattr(field, "db_constraint", True))


def on_delete_in_python(field: AnyField) -> bool:
    """Whether only Django knows what happens to the row when the one that it points at goes."""
    if not has_key(field):
        return False
    rule = getattr(field.remote_field, "on_delete", None)
    name = str(getattr(rule, "__name__", type(rule).__name__))
    return name in ("CASCADE", "SET_NULL", "SET_DEFAULT", "set_on_delete") or name.startswith("set_")

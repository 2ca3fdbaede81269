"""What a release does with its tables, tried one thing at a time: read, insert, update, delete; all rolled back."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.core.exceptions import FieldDoesNotExist, FieldError
from django.db import DatabaseError, OperationalError, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import AutoField, Field, ForeignKey, Model, QuerySet, UniqueConstraint
from django.db.models.sql import InsertQuery

from livemigrations.engine.connections import sqlstate
from livemigrations.inspection.values import distinct, values
from livemigrations.statements.names import identifier

_DEEPEST = 8
_SERVER_GONE = ("08", "53", "57P", "58")
_BEYOND = (FieldDoesNotExist, FieldError, AttributeError, LookupError)
"""What a package's own kind of field raises where a migration's state lacks what it looks for, such as generic keys."""
Row = dict[str, Any]
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One thing that a release does: ``model`` is app.Model, ``action`` a verb, ``detail`` says with what."""

    model: str
    action: str
    detail: str
    work: Callable[[], None]

    @property
    def key(self) -> Key:
        """What two attempts at the same thing share, also on two copies."""
        return self.model, self.action, self.detail

    @property
    def is_value(self) -> bool:
        """Whether it writes one value into one column."""
        return self.action == "update" and " = " in self.detail


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed: the statement, and the server's message without any values."""

    statement: str
    error: str


class Unknowable(Exception):
    """No row could be made up for a table."""


def attempt(connection: BaseDatabaseWrapper, one: Attempt) -> Failure | None:
    """Try it, with all constraints checked at its end, and roll it back.

    Raises ``OperationalError`` where the server went away or had no room: that says nothing of the release.
    """
    last = [""]

    def remember(execute: Any, sql: Any, parameters: Any, many: bool, context: Any) -> Any:
        last[0] = str(sql)
        return execute(sql, parameters, many, context)

    try:
        with transaction.atomic(using=connection.alias), connection.execute_wrapper(remember):
            one.work()
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            transaction.set_rollback(True, using=connection.alias)
    except DatabaseError as error:
        if isinstance(error, OperationalError) and (sqlstate(error) or "08").startswith(_SERVER_GONE):
            raise
        return Failure(last[0], _words(error))
    except (Unknowable, ValueError, TypeError) as error:
        return Failure(last[0], f"no row can be made up: {error}")
    except _BEYOND as error:
        return Failure(last[0], f"{type(error).__name__}: {error}")
    return None


class Release:
    """The models of a release as a migration state has them, at work on a database."""

    def __init__(self, connection: BaseDatabaseWrapper, models: list[type[Model]]) -> None:
        self.connection, self.alias = connection, connection.alias
        own = [m for m in models if m._meta.managed and not m._meta.proxy and not m._meta.swapped]
        self.models = [m for m in own if router.allow_migrate_model(self.alias, m)]
        self._numbers = itertools.count(1)
        self._examples: dict[type[Model], Row] = {}

    def attempts(self) -> Iterator[Attempt]:
        """Everything that is tried. Call it before anything is changed: the examples are read then."""
        for model in self.models:
            self._read_example(model)
        for model in self.models:
            make = partial(Attempt, model._meta.label)
            yield make("read", "all columns", partial(self._read, model))
            for field in model._meta.get_fields():
                if field.is_relation and field.many_to_one and not field.auto_created and field.concrete:
                    yield make("read", f"with {field.name}", partial(self._read, model, join=field.name))
                elif field.is_relation and field.many_to_many and not field.auto_created:
                    yield make("read", f"by {field.name}", partial(self._read, model, through=field.name))
            yield make("insert", "a row", partial(self._insert, model))
            yield make("insert", "two alike", partial(self._insert_two, model))
            yield make("update", "all columns", partial(self._update_all, model))
            for field in self._written(model):
                for value in values(field, self.connection) if not field.is_relation and not field.unique else ():
                    yield make(
                        "update", f"{field.name} = {_shown(value)}", partial(self._update, model, {field.name: value})
                    )
                if isinstance(field, ForeignKey) and field.null and not field.unique:
                    yield make("update", f"{field.name} = None", partial(self._update, model, {field.attname: None}))
                    yield make("update", f"{field.name} = a row", partial(self._point, model, field))
            yield make("delete", "a row", partial(self._delete, model))

    # --- reading -----------------------------------------------------------------------------------------------

    def _read(self, model: type[Model], join: str = "", through: str = "") -> None:
        rows = self._rows(model)
        if join:
            rows = rows.select_related(join)
        if through:
            rows = rows.filter(**{f"{through}__pk__isnull": False})
        list(rows[:1])

    # --- writing: without signals, since those of the running code know nothing of a copy ------------------------

    def _insert(self, model: type[Model]) -> None:
        self._new(model)

    def _insert_two(self, model: type[Model]) -> None:
        self._add(model, self._told_apart(model, self._new(model)))

    def _update_all(self, model: type[Model]) -> None:
        row = self._any(model)
        changed = {field.attname: row[field.attname] for field in self._written(model) if field.attname in row}
        if changed := {name: value for name, value in changed.items() if name != model._meta.pk.attname}:
            self._one(model, row).update(**changed)

    def _update(self, model: type[Model], changed: Row) -> None:
        self._one(model, self._any(model)).update(**changed)

    def _point(self, model: type[Model], field: ForeignKey[Any, Any]) -> None:
        """Have a key that may be NULL point at a row: inserted rows are made without one."""
        self._update(model, {field.attname: self._target(field, 0)})

    def _delete(self, model: type[Model]) -> None:
        row, meta = self._new(model), model._meta
        keys = list(meta.pk_fields)
        where = " AND ".join(f"{identifier(str(field.column))} = %s" for field in keys)
        table = self.connection.ops.quote_name(meta.db_table)
        given = [field.get_db_prep_value(row[field.attname], self.connection) for field in keys]
        with self.connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table} WHERE {where}", given)

    def _one(self, model: type[Model], row: Row) -> Any:
        return self._rows(model).filter(**{field.attname: row[field.attname] for field in model._meta.pk_fields})

    def _rows(self, model: type[Model]) -> QuerySet[Any]:
        return QuerySet(model, using=self.alias)

    # --- rows --------------------------------------------------------------------------------------------------

    def _new(self, model: type[Model], depth: int = 0) -> Row:
        """Insert a row as Django would, every column named, and return it with its key.

        With texts of its own, so that only what must be refused is; as its example, where a text needs a form; or
        with what may be NULL filled in, where one of several columns must be.
        """
        row = self._row(model, depth)
        for way in (self._with_own_texts, self._filled):
            with suppress(DatabaseError), transaction.atomic(using=self.alias):
                return self._add(model, way(model, row))
        return self._add(model, row)

    def _filled(self, model: type[Model], row: Row) -> Row:
        empty = [f for f in self._written(model) if row.get(f.attname, "") is None and not f.is_relation]
        return row | {field.attname: known[0] for field in empty if (known := values(field, self.connection))}

    def _with_own_texts(self, model: type[Model], row: Row) -> Row:
        free = [f for f in self._written(model) if f.get_internal_type() in ("CharField", "TextField")]
        names = [f for f in free if not f.flatchoices and not f.primary_key and isinstance(row.get(f.attname), str)]
        return row | {field.attname: distinct(field, next(self._numbers)) for field in names}

    def _row(self, model: type[Model], depth: int) -> Row:
        """Like one of the sample where there is one, which keeps to what a table asks for; made up otherwise."""
        if depth > _DEEPEST:
            raise Unknowable(f"{model._meta.label} needs rows that need rows of it")
        like = self._examples.get(model)
        if like is not None and not model._meta.parents:
            return self._told_apart(model, like, depth)
        row = {}
        for field in self._written(model):
            row[field.attname] = self._value(field, depth)
        return row

    def _read_example(self, model: type[Model]) -> None:
        with suppress(DatabaseError), transaction.atomic(using=self.alias):
            if row := self._rows(model).order_by("pk").values().first():
                self._examples[model] = row

    def _any(self, model: type[Model]) -> Row:
        """A row that is there, or else a new one."""
        return self._examples.get(model) or self._new(model)

    def _value(self, field: Field[Any, Any], depth: int) -> Any:
        if isinstance(field, ForeignKey):
            return None if field.null else self._target(field, depth)
        if field.has_default() or field.has_db_default():
            return field.get_default()
        if field.unique and (value := distinct(field, next(self._numbers))) is not None:
            return value
        if field.null:
            return None
        known = values(field, self.connection)
        if not known:
            raise Unknowable(f"no value is known for {field.model._meta.label}.{field.name}")
        return known[0]

    def _target(self, field: ForeignKey[Any, Any], depth: int) -> Any:
        target = field.target_field
        return self._new(field.related_model, depth + 1)[target.attname]

    def _told_apart(self, model: type[Model], row: Row, depth: int = 0) -> Row:
        """The row with other values where the model says that they must not repeat."""
        changed = {field.attname: row[field.attname] for field in self._written(model) if field.attname in row}
        for group in _unique_groups(model):
            if any(changed.get(field.attname) is None for field in group):
                continue
            free = next((f for f in group if not f.is_relation and distinct(f, 1) is not None), None)
            if free is not None:
                changed[free.attname] = distinct(free, next(self._numbers))
            elif key := next((f for f in group if isinstance(f, ForeignKey)), None):
                changed[key.attname] = self._target(key, depth)
        return changed

    def _written(self, model: type[Model]) -> list[Any]:
        """The columns that Django names in an INSERT."""
        return [f for f in model._meta.local_concrete_fields if not f.generated and not isinstance(f, AutoField)]

    def _add(self, model: type[Model], row: Row) -> Row:
        fields = [field for field in self._written(model) if field.attname in row]
        made = model(**{field.attname: row[field.attname] for field in fields})
        query = InsertQuery(model)
        query.insert_values(fields, [made])
        keys = list(model._meta.pk_fields)
        found = query.get_compiler(using=self.alias).execute_sql(returning_fields=keys)
        return {**row, **{field.attname: value for field, value in zip(keys, found[0], strict=True)}}


def _words(error: DatabaseError) -> str:
    """The server's message without its details: those show the row."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return str(getattr(diagnosis, "message_primary", None) or error).strip()


def _shown(value: Any) -> str:
    if isinstance(value, str) and len(value) > 40:
        return f"{value[:20]!r}… ({len(value)} long)"
    return str(value) if isinstance(value, datetime.date | datetime.timedelta) else repr(value)


def _unique_groups(model: type[Model]) -> Iterator[list[Any]]:
    """The sets of fields that no two rows may share."""
    meta = model._meta
    written = [f for f in meta.local_concrete_fields if not isinstance(f, AutoField)]
    yield from ([field] for field in written if field.unique)
    names = {field.name: field for field in written}
    if len(meta.pk_fields) > 1:
        yield list(meta.pk_fields)
    for together in meta.unique_together:
        yield [names[name] for name in together if name in names]
    for constraint in meta.constraints:
        if isinstance(constraint, UniqueConstraint):
            used = constraint.fields or [name for name in names if name in str(constraint.expressions)]
            if group := [names[name] for name in used if name in names]:
                yield group

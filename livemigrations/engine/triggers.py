"""Triggers in the way of a change of type: dropped before it and created again behind it, in one transaction.

PostgreSQL changes the type of no column that the condition or the column list of a trigger names. The schema editor of
django-pgtrigger drops its triggers for the time of the statement and creates them again; the engine collects
statements, so that the editor never meets the error, and does the same here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import fetch
from livemigrations.engine.surroundings import Surroundings
from livemigrations.statements.names import Name, identifier, literal
from livemigrations.statements.parse import Kind, Statement

_MANAGED = "pgtrigger_"  # how the names that django-pgtrigger gives begin
_ENABLED = {"D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger: ``definition`` is its CREATE TRIGGER, ``enabled`` a letter as in ``pg_trigger.tgenabled``.

    ``described`` is what PostgreSQL calls it in messages.
    """

    name: str
    table: Name
    definition: str
    enabled: str
    comment: str | None
    described: str

    @property
    def drop(self) -> str:
        return f"DROP TRIGGER {identifier(self.name)} ON {self.table}"

    def create(self) -> Iterator[str]:
        """The statements that create it as it was."""
        yield self.definition
        if self.enabled in _ENABLED:
            yield f"ALTER TABLE {self.table} {_ENABLED[self.enabled]} TRIGGER {identifier(self.name)}"
        if self.comment is not None:
            yield f"COMMENT ON TRIGGER {identifier(self.name)} ON {self.table} IS {literal(self.comment)}"


def managed_triggers(connection: BaseDatabaseWrapper, oid: int, columns: Iterable[str]) -> list[Trigger]:
    """The triggers of django-pgtrigger whose condition or column list names one of these columns of a table."""
    rows = fetch(
        connection,
        "SELECT t.tgname, n.nspname, c.relname, pg_get_triggerdef(t.oid), t.tgenabled::text,"
        " obj_description(t.oid, 'pg_trigger'), pg_describe_object('pg_trigger'::regclass, t.oid, 0) FROM pg_trigger t"
        " JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE t.tgrelid = %s AND NOT t.tgisinternal AND t.tgparentid = 0 AND starts_with(t.tgname, %s)"
        " AND EXISTS (SELECT 1 FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid"
        " AND a.attnum = d.refobjsubid WHERE d.classid = 'pg_trigger'::regclass AND d.objid = t.oid"
        " AND d.refclassid = 'pg_class'::regclass AND d.refobjid = t.tgrelid AND a.attname = ANY (%s)) ORDER BY 1",
        [oid, _MANAGED, list(columns)],
    )
    return [Trigger(name, Name(schema, table), *rest) for name, schema, table, *rest in rows]


def without(triggers: Iterable[Trigger], statements: Iterable[str]) -> tuple[str, ...]:
    """The statements, with the triggers dropped before and created again behind them."""
    found = list(triggers)
    return (*(one.drop for one in found), *statements, *(sql for one in found for sql in one.create()))


def spared(around: Surroundings, statement: Statement, sql: str) -> tuple[str, ...]:
    """The statement; if it changes the type of a column, without the triggers that would forbid it."""
    found = around.standing(statement.table) if statement.kind == Kind.ALTER_TYPE and statement.table else None
    if found is None:
        return (sql,)
    triggers = managed_triggers(around.connection, found.oid, [statement.name])
    return without((one for one in triggers if (one.table, one.name) not in around.untriggered), [sql])

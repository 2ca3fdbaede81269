"""Logical replication: what a step does to subscribers, who get rows and never a change of the schema."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import fetch, relation
from livemigrations.engine.steps import Step
from livemigrations.errors import ReplicationInTheWay
from livemigrations.statements.parse import Kind, Statement, parse

# A publication with a list of columns does not take up a new one.
_PUBLISHED = """
SELECT c.oid::bigint, c.oid::regclass::text, string_agg(t.pubname, ', ' ORDER BY t.pubname), bool_or(r.prattrs IS NULL),
       bool_or(p.pubupdate OR p.pubdelete), coalesce(min(i.relname), '')
FROM pg_publication_tables t JOIN pg_publication p ON p.pubname = t.pubname
JOIN pg_namespace n ON n.nspname = t.schemaname JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.tablename
LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid
LEFT JOIN (pg_index x JOIN pg_class i ON i.oid = x.indexrelid) ON x.indrelid = c.oid AND x.indisreplident
GROUP BY c.oid
"""
_LOOKED_AT = ("ALTER", "DROP")


@dataclass(frozen=True, slots=True)
class Published:
    """A table that is published: by which ones, whether with every column, by which index old rows are named."""

    name: str
    by: str
    whole: bool
    changes: bool
    identity: str


class Replication:
    """The publications of a database, as they were when they were first asked for."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection

    @cached_property
    def _published(self) -> dict[int, Published]:
        return {oid: Published(*rest) for oid, *rest in fetch(self.connection, _PUBLISHED)}

    def notes(self, step: Step) -> list[str]:
        """What has to be done about subscribers, a text for each change of a published table."""
        found = (_note(statement, table) for statement, table in self._met(step))
        return [note for note in dict.fromkeys(found) if note]

    def obstacle(self, step: Step) -> str:
        """Why the step must not run: from then on every UPDATE and DELETE of the application would fail."""
        for statement, table in self._met(step):
            if table.changes and table.identity and table.identity == _dropped(statement):
                return (
                    f"{table.name} is published by {table.by} with the index {table.identity} as its replica identity:"
                    " without it, the server refuses every UPDATE and DELETE of the table. Nothing of this step was"
                    f" changed. Remedy: ALTER TABLE {table.name} REPLICA IDENTITY DEFAULT (the primary key) or FULL first, then migrate again."
                )
        return ""

    def refuse(self, step: Step) -> None:
        """Raise ``ReplicationInTheWay`` if there is an obstacle."""
        if why := self.obstacle(step):
            raise ReplicationInTheWay(why)

    def _met(self, step: Step) -> Iterator[tuple[Statement, Published]]:
        """The statements that change a published table."""
        texts = [sql for sql in step.sql if sql.lstrip().upper().startswith(_LOOKED_AT)]
        if not texts or not self._published:
            return
        for statement in (statement for text in texts for statement in parse(text)):
            oid = self._table_of(statement)
            if oid in self._published:
                yield statement, self._published[oid]

    def _table_of(self, statement: Statement) -> int:
        if statement.table is None:
            return 0
        if statement.kind == Kind.DROP_INDEX:
            owner = "SELECT indrelid::bigint FROM pg_index WHERE indexrelid = to_regclass(%s)"
            rows = fetch(self.connection, owner, [str(statement.table)])
            return int(rows[0][0]) if rows else 0
        found = relation(self.connection, statement.table)
        return found.oid if found else 0


def _dropped(statement: Statement) -> str:
    return statement.name if statement.kind in (Kind.DROP_CONSTRAINT, Kind.DROP_INDEX) else ""


def _note(statement: Statement, table: Published) -> str:
    published = f"{table.name} is published by {table.by}"
    column = f"the column {statement.name}" if statement.name else "that column"
    if statement.kind == Kind.ADD_COLUMN and table.whole:
        return f"{published}: a subscriber without {column} stops at the next change. Add it there first."
    if statement.kind == Kind.DROP_COLUMN:
        return f"{published}: {column} comes no more. Where a subscriber has it NOT NULL without a default, drop that there first."
    if statement.kind == Kind.RENAME_COLUMN:
        return f"{published}: a subscriber finds columns by their names and stops at the next change. Rename it there as well."
    if statement.kind in (Kind.RENAME_TABLE, Kind.DROP_TABLE, Kind.SET_SCHEMA):
        return (
            f"{published}: it goes out of sight of subscribers, and does not come back by itself. Take it out first (ALTER"
            " PUBLICATION … DROP TABLE); after a way back add it again, and refresh the subscriptions."
        )
    return ""

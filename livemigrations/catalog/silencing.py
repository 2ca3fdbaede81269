"""Triggers that a fill must not fire, since it stands for a rewrite of the table; rules that would divert it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.attached import may_replicate
from livemigrations.catalog.relations import fetch
from livemigrations.statements.names import identifier

TREE = """WITH RECURSIVE tree AS (SELECT to_regclass(%s)::oid AS oid
    UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree ON i.inhparent = tree.oid)"""

_ENABLE = {"O": "ENABLE TRIGGER", "A": "ENABLE ALWAYS TRIGGER", "R": "ENABLE REPLICA TRIGGER"}


@dataclass(frozen=True, slots=True)
class Silence:
    """Statements to run before and after a write, in its transaction, so that it fires no trigger.

    ``locks`` says that they take SHARE ROW EXCLUSIVE on the table: other writers wait until the transaction ends.
    """

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    locks: bool = False


NOTHING_TO_SILENCE = Silence()


def silence(connection: BaseDatabaseWrapper, table: str, column: str) -> Silence:
    """How to write ``column`` of the quoted ``table`` without firing its triggers, those of its partitions included.

    ``session_replication_role`` needs a privilege and also switches off the checks of foreign keys, and it fires the
    triggers that are ENABLE ALWAYS or REPLICA. Where that matters, the triggers are disabled inside each transaction:
    nobody else can write until it ends, so that no event of another session is lost.
    """
    rows = fetch(
        connection,
        f"{TREE} SELECT n.nspname, c.relname, t.tgname, t.tgenabled::text FROM tree JOIN pg_class c USING (oid)"
        " JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_trigger t ON t.tgrelid = c.oid"
        " WHERE c.relkind IN ('r', 'p', 'f') AND t.tgtype & 16 <> 0 AND NOT t.tgisinternal AND t.tgenabled <> 'D'"
        " ORDER BY c.oid, t.oid",
        [table],
    )
    if not rows:
        return NOTHING_TO_SILENCE
    is_key = _is_foreign_key(connection, table, column)
    if all(row[3] == "O" for row in rows) and not is_key and may_replicate(connection):
        role = "SET LOCAL session_replication_role ="
        return Silence((f"{role} replica",), (f"{role} DEFAULT",))
    # ONLY: a partition's copy of a trigger has a state of its own.
    named = [(f"ALTER TABLE ONLY {identifier(*row[:2])}", identifier(row[2]), row[3]) for row in rows]
    return Silence(
        tuple(f"{alter} DISABLE TRIGGER {name}" for alter, name, _ in named),
        (
            *(["SET CONSTRAINTS ALL IMMEDIATE"] if is_key else []),  # ALTER TABLE refuses while checks are pending
            *(f"{alter} {_ENABLE[state]} {name}" for alter, name, state in named),
        ),
        locks=True,
    )


def _is_foreign_key(connection: BaseDatabaseWrapper, table: str, column: str) -> bool:
    rows = fetch(
        connection,
        f"{TREE} SELECT EXISTS (SELECT 1 FROM tree JOIN pg_constraint k ON k.conrelid = tree.oid AND k.contype = 'f'"
        " JOIN pg_attribute a ON a.attrelid = tree.oid AND a.attnum = ANY (k.conkey)"
        " WHERE quote_ident(a.attname) = %s OR a.attname = %s)",
        [table, column, column.strip('"').replace('""', '"')],
    )
    return bool(rows[0][0])


def update_rules(connection: BaseDatabaseWrapper, oid: int) -> list[str]:
    """The rules that rewrite an UPDATE of a table; those of a view are what makes it writable and do not count."""
    rows = fetch(
        connection,
        "SELECT r.rulename FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class WHERE r.ev_class = %s"
        " AND r.ev_type = '2' AND r.ev_enabled <> 'D' AND c.relkind IN ('r', 'p') ORDER BY 1",
        [oid],
    )
    return [row[0] for row in rows]

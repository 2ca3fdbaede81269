"""What cannot be done on a populated table without stopping its traffic, and the safe code to write instead."""

from __future__ import annotations

import re

from livemigrations.conf import small_table_bytes
from livemigrations.engine.surroundings import Surroundings
from livemigrations.errors import MigrationRefused
from livemigrations.statements.columns import NewColumn
from livemigrations.statements.names import Name
from livemigrations.statements.parse import Statement


def refuse(around: Surroundings, table: Name, statement: str, why: str, instead: str) -> None:
    """Raise ``MigrationRefused`` unless the table is so small that the work is over at once."""
    found = around.find(table)
    if found is None or around.long_locks_allowed or found.size <= small_table_bytes():
        return
    raise MigrationRefused(
        f"Refused on the populated table {table.plain} (about {found.rows:,} rows, {found.size / 2**20:,.1f} MiB):\n"
        f"  {statement}\n{why}\nNothing of this operation was changed. Write instead:\n\n{_indented(instead)}\n\n"
        "or, in a window without traffic, run migrate --allow-long-locks."
    )


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in text.splitlines())


def check_new_column(around: Surroundings, statement: Statement, column: NewColumn) -> None:
    """Refuse a column that every row would have to be rewritten for."""
    assert statement.table is not None
    table, name = statement.table, statement.name
    if column.numbered:
        refuse(
            around,
            table,
            statement.sql,
            "An identity or serial column is numbered row by row, under ACCESS EXCLUSIVE.",
            f'migrations.AddField("…", "{name}", models.BigIntegerField(null=True)),\n'
            f"# then number the rows in batches, and in a later migration:\n"
            f'live.SetNotNull("…", "{name}", models.BigIntegerField()),',
        )
    if column.stored:
        refuse(
            around,
            table,
            statement.sql,
            "A stored generated column rewrites the table under ACCESS EXCLUSIVE.",
            f"# a virtual one is instant (PostgreSQL 18):\n"
            f'migrations.AddField("…", "{name}", models.GeneratedField(…, db_persist=False)),\n'
            f"# or an ordinary nullable column, kept by a trigger and filled in batches.",
        )
    if column.default and (names := around.volatile(column.default)):
        refuse(
            around,
            table,
            statement.sql,
            f"The default calls {', '.join(names)}, which is volatile: every row would be rewritten under ACCESS EXCLUSIVE.",
            f'migrations.AddField("…", "{name}", …(null=True)),            # without the default: instant\n'
            f'migrations.AlterField("…", "{name}", …(null=True, db_default=…)),  # new rows get it: instant\n'
            f"# then fill the old rows in batches, and in a later migration:\n"
            f'live.SetNotNull("…", "{name}", …(db_default=…)),',
        )


_WIDER = re.compile(r"^(?P<base>character varying|numeric|bit varying|timestamp|time|interval)(?P<rest>.*)$")


def keeps_rows(old: str, new: str) -> bool:
    """Whether PostgreSQL changes a column from type ``old`` to ``new`` without touching its rows."""
    if old == new or "[]" in old + new:
        return old == new
    if new in ("text", "character varying") and old.startswith(("character varying", "text")):
        return True
    if old == "cidr" and new == "inet":
        return True
    one, other = _numbers(old), _numbers(new)
    if old.split("(", maxsplit=1)[0] != new.split("(", maxsplit=1)[0] or one is None:
        return False
    if old.startswith("numeric"):
        return other is None or (other[0] >= one[0] and other[1:] == one[1:])
    return old.startswith(("character varying", "bit varying")) and (other is None or other[0] >= one[0])


def _numbers(text: str) -> list[int] | None:
    found = re.search(r"\(([\d,]+)\)", text)
    return [int(number) for number in found[1].split(",")] if found else None


def check_type(around: Surroundings, statement: Statement) -> None:
    """Refuse a change of type that rewrites the table or its indexes."""
    assert statement.table is not None
    old = around.column_type(statement.table, statement.name)
    new = around.type_named(statement.body)
    if old and not keeps_rows(old, new):
        column = statement.name
        refuse(
            around,
            statement.table,
            statement.sql,
            f"Changing {column} from {old} to {new} rewrites the table under ACCESS EXCLUSIVE.",
            f'migrations.AddField("…", "{column}_new", …(null=True)),   # the new type: instant\n'
            f"# keep it in step by a trigger, fill it in batches, read it in the code,\n"
            f"# then drop {column} in a later migration.",
        )


def check_rewrite(around: Surroundings, statement: Statement) -> None:
    """Refuse SET LOGGED, SET TABLESPACE and their kind."""
    assert statement.table is not None
    refuse(
        around,
        statement.table,
        statement.sql,
        "This copies the whole table under ACCESS EXCLUSIVE.",
        "# plan a window for it and run it by hand.",
    )


def check_exclusion(around: Surroundings, statement: Statement) -> None:
    """Refuse an exclusion constraint: PostgreSQL has no way to add one without a scan under a strong lock."""
    assert statement.table is not None
    refuse(
        around,
        statement.table,
        statement.sql,
        "PostgreSQL cannot build an exclusion constraint concurrently nor add it NOT VALID.",
        "# make a new table with the constraint and move the rows in batches, or\n"
        "# enforce it for new rows by a trigger.",
    )


def check_primary_key(around: Surroundings, statement: Statement) -> None:
    """Refuse a primary key over columns that may be NULL: making them NOT NULL scans the table."""
    assert statement.table is not None
    refuse(
        around,
        statement.table,
        statement.sql,
        "A primary key makes its columns NOT NULL, which scans the table under ACCESS EXCLUSIVE.",
        'live.SetNotNull("…", "…", …),   # first, in a migration of its own',
    )

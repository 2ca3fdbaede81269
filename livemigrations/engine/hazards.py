"""What cannot be done on a populated table without stopping its traffic, and the safe code to write instead."""

from __future__ import annotations

import re

from livemigrations.catalog.rebuilds import checks_verified, collation_of, indexes_rebuilt
from livemigrations.conf import small_table_bytes
from livemigrations.engine.surroundings import Surroundings
from livemigrations.errors import MigrationRefused
from livemigrations.statements.columns import NewColumn
from livemigrations.statements.names import Name
from livemigrations.statements.parse import Statement
from livemigrations.statements.types import keeps_rows


def refuse(around: Surroundings, table: Name, statement: str, why: str, instead: str) -> None:
    """Raise ``MigrationRefused`` unless the table is so small that the work is over at once."""
    found = around.find(table)
    if found is None or around.long_locks_allowed or found.size <= small_table_bytes():
        return
    raise MigrationRefused(
        f"Refused on the populated table {table.plain} (about {found.rows:,} rows, {found.size / 2**20:,.1f} MiB):\n"
        f"  {statement}\n{why}",
        instead,
    )


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
            f'live.ChangeColumnType("…", "{column}", …),   # a column beside it, filled in batches, takes its place',
        )
    elif old:
        _check_rebuilds(around, statement, statement.table)


_COLLATE = re.compile(r'\bCOLLATE\s+(?:(?:"[^"]+"|\w+)\s*\.\s*)?"?(?P<name>[^"\s]+)"?', re.IGNORECASE)


def _check_rebuilds(around: Surroundings, statement: Statement, table: Name) -> None:
    """Refuse a change that leaves the rows alone and yet builds indexes or reads all rows for a CHECK."""
    found, column, connection = around.find(table), statement.name, around.connection
    if found is None:
        return
    asked = _COLLATE.search(statement.body)
    other = collation_of(connection, found.oid, column) != (asked["name"] if asked else "")
    indexes = indexes_rebuilt(connection, found.oid, column, other_collation=other)
    checks = checks_verified(connection, found.oid, column)
    if not indexes and not checks:
        return
    work = [f"builds {', '.join(indexes)} anew"] * bool(indexes)
    work += [f"reads every row for {', '.join(checks)}"] * bool(checks)
    code = [f'migrations.RemoveIndex("…", "{name}"),' for name in indexes]
    code += [f'migrations.RemoveConstraint("…", "{name}"),' for name in checks]
    code.append(f'migrations.AlterField("…", "{column}", …),   # instant without them')
    code += [f'migrations.AddIndex("…", …),   # {name}, concurrently' for name in indexes]
    code += [f'migrations.AddConstraint("…", …),   # {name}, NOT VALID and then VALIDATE' for name in checks]
    why = f"The new type of {column} leaves the rows as they are, but {' and '.join(work)} under ACCESS EXCLUSIVE."
    refuse(around, table, statement.sql, why, "\n".join(code))


def check_rewrite(around: Surroundings, statement: Statement) -> None:
    """Refuse SET LOGGED, SET TABLESPACE, another expression of a stored column, and their kind."""
    assert statement.table is not None
    if around.is_virtual(statement.table, statement.name):
        return
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

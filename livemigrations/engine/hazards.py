"""What cannot be done on a populated table without stopping its traffic, and the safe code to write instead."""

from __future__ import annotations

from livemigrations.catalog.rebuilds import checks_verified, collation_of, indexes_rebuilt
from livemigrations.catalog.relations import Relation, relations_called, relations_in_tablespace, relations_owned
from livemigrations.conf import small_table_bytes
from livemigrations.engine.surroundings import Surroundings
from livemigrations.engine.table_locks import checks_rows, default_partition_of, domain_of
from livemigrations.errors import MigrationRefused
from livemigrations.statements import tokens, tree
from livemigrations.statements.columns import NewColumn
from livemigrations.statements.names import Name
from livemigrations.statements.parse import Kind, Statement
from livemigrations.statements.tree import Node
from livemigrations.statements.types import keeps_rows


def refuse(around: Surroundings, table: Name, statement: str, why: str, instead: str) -> None:
    """Raise ``MigrationRefused`` unless the table, with its partitions, is so small that the work is over at once."""
    found = around.find(table)
    if found is None or around.long_locks_allowed:
        return
    rows, size = around.extent(found)
    if size <= small_table_bytes():
        return
    raise MigrationRefused(
        f"Refused on the populated table {table.plain} (about {rows:,} rows, {size / 2**20:,.1f} MiB):\n"
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
    if column.type and around.constrained(column.type):
        refuse(
            around,
            table,
            statement.sql,
            f"The type {column.type} is a domain with constraints: every row would be rewritten under ACCESS EXCLUSIVE.",
            "# add the column with the type that the domain is made of: instant. Then add the constraints of the domain\n"
            "# to the table as CHECKs.",
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


def _check_rebuilds(around: Surroundings, statement: Statement, table: Name) -> None:
    """Refuse a change that leaves the rows alone and yet builds indexes or reads all rows for a CHECK."""
    found, column, connection = around.find(table), statement.name, around.connection
    if found is None:
        return
    node = tree.definition(statement.sql)
    asked = tree.strings(node.coll_clause.collname)[-1] if node is not None and node.HasField("coll_clause") else ""
    other = collation_of(connection, found.oid, column) != asked
    indexes = _left(around, table, indexes_rebuilt(connection, found.oid, column, other_collation=other))
    checks = _left(around, table, checks_verified(connection, found.oid, column))
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


def _left(around: Surroundings, table: Name, names: list[str]) -> list[str]:
    """Those constraints or indexes of a table that no planned statement drops before."""
    pending = around.pending
    return names if pending is None else [name for name in names if not pending.has_dropped(table.name, name)]


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


# --- statements whose effect is not known, or that read or copy whole tables ------------------------------------


def check_unknown(around: Surroundings, statement: Statement) -> None:
    """Refuse a statement that the engine does not know if it concerns a populated table."""
    for found in concerned(around, statement):
        if around.populated(Name(found.schema, found.name)):
            refuse(
                around,
                Name(found.schema, found.name),
                statement.sql,
                _UNREAD if statement.node is None else _UNKNOWN,
                "# write the change as statements that the engine knows, one for each part of it.",
            )


_UNREAD = (
    "PostgreSQL's grammar, with which the engine reads SQL, does not know this statement, so the engine cannot tell"
    " which locks it takes."
)
_UNKNOWN = (
    "The engine does not know which locks this statement takes, nor whether it copies or reads the whole table while"
    " it holds them."
)


def concerned(around: Surroundings, statement: Statement) -> list[Relation]:
    """The tables that a statement of unknown effect may change: those that it names in any place."""
    node = statement.node
    if node is None:
        found = relations_called(around.connection, sorted({token.name for token in _words(statement.sql)}))
    else:
        found = [tree.relation_name(one) for one in tree.find(node, "RangeVar")]
        found += [statement.table] if statement.table else []
        found += _named_otherwise(around, node)
    tables = [around.find(around.table_of_index(name) or name) for name in dict.fromkeys(found)]
    return list({table.oid: table for table in tables if table and table.kind in ("r", "p", "m")}.values())


def _words(sql: str) -> list[tokens.Token]:
    return [token for token in tokens.tokens(sql) if token.kind in ("word", "quoted")]


def _named_otherwise(around: Surroundings, node: Node) -> list[Name]:
    kind = tree.kind(node)
    if kind == "AlterTableMoveAllStmt":
        return relations_in_tablespace(around.connection, node.orig_tablespacename)
    if kind in ("DropOwnedStmt", "ReassignOwnedStmt"):
        roles = [tree.inner(role).rolename for role in node.roles]  # empty for CURRENT_USER
        return relations_owned(around.connection, roles if all(roles) else [])
    return []


def check_rebuild(around: Surroundings, statement: Statement) -> None:
    """Refuse REINDEX, CLUSTER and VACUUM FULL of a populated table."""
    reindex = statement.body.startswith("REINDEX")
    for found in rebuilt(around, statement):
        table = Name(found.schema, found.name)
        if around.populated(table):
            refuse(
                around,
                table,
                statement.sql,
                f"This {'builds the indexes' if reindex else 'copies the table'} anew and blocks every query meanwhile.",
                f'migrations.RunSQL("REINDEX TABLE CONCURRENTLY {table}"),' if reindex else _REPACK,
            )


_REPACK = "# use pg_repack, which needs a strong lock for a moment only."


def rebuilt(around: Surroundings, statement: Statement) -> list[Relation]:
    """The tables that a REINDEX, CLUSTER or VACUUM FULL rebuilds: all large ones if it names none."""
    if statement.table is None:
        names = relations_owned(around.connection, [])
    else:
        names = [around.table_of_index(name) or name for name in (statement.table, *statement.references)]
    return [found for found in map(around.find, names) if found and found.kind in ("r", "p", "m")]


def check_other(around: Surroundings, statement: Statement) -> None:
    """Refuse what reads whole tables that it does not name: a new partition beside a default one, a domain's rule."""
    node = statement.node
    if statement.kind == Kind.CREATE_TABLE and node is not None and node.DESCRIPTOR.name == "CreateStmt":
        for parent in map(tree.inner, node.inh_relations) if node.HasField("partbound") else ():
            _check_default_partition(around, statement, tree.relation_name(parent))
    if statement.kind != Kind.OBJECT or node is None or tree.kind(node) != "AlterDomainStmt" or not checks_rows(node):
        return
    for table in around.with_domain(domain_of(node)):
        refuse(
            around,
            table,
            statement.sql,
            "PostgreSQL reads every table that has a column of this domain and blocks their writers meanwhile.",
            "# add the constraint with NOT VALID, which holds for new values: instant.",
        )


def _check_default_partition(around: Surroundings, statement: Statement, parent: Name) -> None:
    for table in default_partition_of(around, parent):
        if around.populated(table):
            refuse(
                around,
                table,
                statement.sql,
                "PostgreSQL searches the default partition for rows of the new one under ACCESS EXCLUSIVE.",
                "# move the rows out of the default partition in batches first, so that it is empty.",
            )

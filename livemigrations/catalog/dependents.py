"""What hangs on a table: everything that a DROP TABLE … CASCADE takes away besides its rows."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import fetch
from livemigrations.statements.names import Name, identifier


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence that belongs to a column."""

    name: Name
    column: str
    identity: bool


def family(connection: BaseDatabaseWrapper, oid: int) -> list[tuple[int, Name]]:
    """The table and everything that inherits from it (partitions), parents first."""
    rows = fetch(
        connection,
        "WITH RECURSIVE f (oid, depth) AS (SELECT %s::oid, 0 UNION SELECT i.inhrelid, f.depth + 1 FROM pg_inherits i"
        " JOIN f ON f.oid = i.inhparent) SELECT c.oid::bigint, n.nspname, c.relname FROM f JOIN pg_class c"
        " ON c.oid = f.oid JOIN pg_namespace n ON n.oid = c.relnamespace ORDER BY f.depth, 2, 3",
        [oid],
    )
    return [(int(number), Name(schema, name)) for number, schema, name in rows]


def keys_between(connection: BaseDatabaseWrapper, oids: list[int]) -> list[str]:
    """DROP statements for the foreign keys between these tables: one DROP TABLE of all of them needs no CASCADE."""
    rows = fetch(
        connection,
        "SELECT n.nspname, c.relname, f.conname FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE f.contype = 'f' AND f.confrelid = ANY (%s)"
        " AND f.conrelid = ANY (%s) AND f.conrelid <> f.confrelid AND f.conparentid = 0 ORDER BY 1, 2, 3",
        [oids, oids],
    )
    return [
        f"ALTER TABLE IF EXISTS {Name(schema, table)} DROP CONSTRAINT IF EXISTS {identifier(name)}"
        for schema, table, name in rows
    ]


def parting(connection: BaseDatabaseWrapper, oid: int) -> list[str]:
    """Statements that part a table from the tables whose partition or child it is: they would go on showing its rows."""
    rows = fetch(
        connection,
        "SELECT n.nspname, p.relname, m.nspname, c.relname, c.relispartition FROM pg_inherits i"
        " JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace n ON n.oid = p.relnamespace"
        " JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace m ON m.oid = c.relnamespace"
        " WHERE i.inhrelid = %s AND NOT i.inhdetachpending ORDER BY i.inhseqno",
        [oid],
    )
    return [
        f"ALTER TABLE {Name(a, parent)} DETACH PARTITION {Name(b, child)}"
        if partition
        else f"ALTER TABLE {Name(b, child)} NO INHERIT {Name(a, parent)}"
        for a, parent, b, child, partition in rows
    ]


def needed_by_sql(oids: str) -> str:
    """The query that names what refers to tables from outside: one text, NULL if nothing does. ``oids``: a list."""
    return (
        "SELECT string_agg(what, ', ' ORDER BY what) FROM (SELECT format('constraint %I on table %s', conname,"
        f" conrelid::regclass) AS what FROM pg_constraint WHERE contype = 'f' AND confrelid IN ({oids})"
        f" AND conrelid NOT IN ({oids}) UNION SELECT format('view %s', r.ev_class::regclass) FROM pg_depend d"
        " JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid"
        f" WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid IN ({oids}) AND r.ev_class NOT IN ({oids})"
        " UNION SELECT pg_describe_object(d.classid, d.objid, d.objsubid) FROM pg_depend d"
        " LEFT JOIN pg_policy p ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid"
        " WHERE d.deptype = 'n' AND d.classid IN ('pg_class'::regclass, 'pg_type'::regclass, 'pg_proc'::regclass,"
        " 'pg_policy'::regclass, 'pg_cast'::regclass, 'pg_operator'::regclass)"
        f" AND coalesce(p.polrelid, CASE d.classid WHEN 'pg_class'::regclass THEN d.objid END, 0) NOT IN ({oids})"
        f" AND (d.refclassid = 'pg_class'::regclass AND d.refobjid IN ({oids}) OR d.refclassid = 'pg_type'::regclass"
        " AND d.refobjid IN (SELECT unnest(ARRAY[y.oid, y.typarray]) FROM pg_class r JOIN pg_type y ON y.oid = r.reltype"
        f" WHERE r.oid IN ({oids})))) q"
    )


def constraints_of(connection: BaseDatabaseWrapper, oid: int, *, inherited: bool = False) -> list[str]:
    """The names of its constraints but the primary key and NOT NULL; those of a parent only if ``inherited``."""
    rows = fetch(
        connection,
        "SELECT conname FROM pg_constraint WHERE conrelid = %s AND contype IN ('f', 'c', 'u', 'x', 't')"
        " AND (conparentid = 0 AND conislocal OR %s) ORDER BY contype = 'u', 1",
        [oid, inherited],
    )
    return [row[0] for row in rows]


def indexes_of(connection: BaseDatabaseWrapper, oid: int, *, inherited: bool = False) -> list[Name]:
    """Its indexes that belong to no constraint, and to no index of a parent unless ``inherited``."""
    rows = fetch(
        connection,
        "SELECT n.nspname, c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE i.indrelid = %s AND (%s OR NOT c.relispartition)"
        " AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))"
        " ORDER BY 2",
        [oid, inherited],
    )
    return [Name(*row) for row in rows]


def statistics_of(connection: BaseDatabaseWrapper, oid: int) -> list[Name]:
    """Its extended statistics: objects with names of their own."""
    sql = (
        "SELECT n.nspname, s.stxname FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace"
        " WHERE s.stxrelid = %s ORDER BY 1, 2"
    )
    return [Name(*row) for row in fetch(connection, sql, [oid])]


def rules_of(connection: BaseDatabaseWrapper, oid: int) -> list[str]:
    """The names of its rewrite rules."""
    sql = "SELECT rulename FROM pg_rewrite WHERE ev_class = %s AND rulename <> '_RETURN' ORDER BY 1"
    return [row[0] for row in fetch(connection, sql, [oid])]


def grantees_of(connection: BaseDatabaseWrapper, oid: int) -> list[str]:
    """The roles but its owner, quoted, that may do something with the table or one of its columns."""
    sql = (
        "SELECT DISTINCT CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END"
        " FROM pg_class c CROSS JOIN LATERAL (SELECT grantee FROM aclexplode(c.relacl) UNION SELECT x.grantee"
        " FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) x WHERE a.attrelid = c.oid) g"
        " WHERE c.oid = %s AND g.grantee <> c.relowner ORDER BY 1"
    )
    return [row[0] for row in fetch(connection, sql, [oid])]


def primary_key_of(connection: BaseDatabaseWrapper, oid: int) -> str:
    """The name of its primary key; empty without one."""
    rows = fetch(connection, "SELECT conname FROM pg_constraint WHERE conrelid = %s AND contype = 'p'", [oid])
    return str(rows[0][0]) if rows else ""


def triggers_of(connection: BaseDatabaseWrapper, oid: int) -> list[str]:
    """The names of its own triggers."""
    sql = "SELECT tgname FROM pg_trigger WHERE tgrelid = %s AND NOT tgisinternal AND tgparentid = 0 ORDER BY 1"
    return [row[0] for row in fetch(connection, sql, [oid])]


def policies_of(connection: BaseDatabaseWrapper, oid: int) -> list[str]:
    """The names of its row security policies."""
    return [row[0] for row in fetch(connection, "SELECT polname FROM pg_policy WHERE polrelid = %s ORDER BY 1", [oid])]


def has_row_security(connection: BaseDatabaseWrapper, oid: int) -> bool:
    """Whether row security is on for it, or forced upon its owner."""
    sql = "SELECT relrowsecurity OR relforcerowsecurity FROM pg_class WHERE oid = %s"
    return any(row[0] for row in fetch(connection, sql, [oid]))


def defaults_of(connection: BaseDatabaseWrapper, oid: int) -> list[tuple[str, str]]:
    """Its columns with a default or an expression: (name, "" for a default, "s" stored, "v" virtual)."""
    return [
        (row[0], row[1])
        for row in fetch(
            connection,
            "SELECT attname, attgenerated::text FROM pg_attribute WHERE attrelid = %s AND atthasdef AND attnum > 0"
            " AND NOT attisdropped ORDER BY attnum",
            [oid],
        )
    ]


def sequences_of(connection: BaseDatabaseWrapper, oid: int) -> list[Sequence]:
    """The sequences that its identity and serial columns own."""
    rows = fetch(
        connection,
        "SELECT n.nspname, s.relname, a.attname, a.attidentity <> '' FROM pg_depend d JOIN pg_class s ON s.oid = d.objid"
        " JOIN pg_namespace n ON n.oid = s.relnamespace"
        " JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid"
        " WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = %s"
        " AND d.deptype IN ('a', 'i') AND s.relkind = 'S' ORDER BY a.attnum",
        [oid],
    )
    return [Sequence(Name(schema, name), column, identity) for schema, name, column, identity in rows]


def collated(connection: BaseDatabaseWrapper, oid: int) -> list[tuple[str, str]]:
    """The columns with a collation that does not come with PostgreSQL, and their types."""
    rows = fetch(
        connection,
        "SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a"
        " JOIN pg_collation c ON c.oid = a.attcollation AND c.collnamespace <> 'pg_catalog'::regnamespace"
        " WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        [oid],
    )
    return [(column, kind) for column, kind in rows]

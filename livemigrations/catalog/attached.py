"""Everything that hangs on columns of a table: what a column that takes their place must get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.definitions import index_body
from livemigrations.catalog.relations import fetch
from livemigrations.statements.names import Name


@dataclass(frozen=True, slots=True)
class OwnSequence:
    """The sequence of an identity (``kind`` a or d) or serial (empty) column; ``options`` as CREATE SEQUENCE takes them."""

    name: Name
    kind: str
    options: str


@dataclass(frozen=True, slots=True)
class Settings:
    """What a change of type leaves as it is; ``options`` and ``grants`` (role, right, whether it may be passed on) as
    statements write them.
    """

    name: str
    type: str
    not_null: bool
    default: str
    target: int | None
    options: str
    comment: str | None
    grants: tuple[tuple[str, str, bool], ...]
    sequence: OwnSequence | None


@dataclass(frozen=True, slots=True)
class OwnIndex:
    """An index: ``rest`` is its text from USING on, ``kind`` that of its constraint (p, u, x; empty without one).

    ``keys`` are its key columns, empty for one with expressions or a condition.
    """

    name: str
    rest: str
    unique: bool
    kind: str
    constraint: str
    keys: tuple[str, ...]
    nulls_distinct: bool
    clustered: bool
    comment: str | None
    constraint_comment: str | None


@dataclass(frozen=True, slots=True)
class OwnConstraint:
    """A CHECK (``kind`` c) or a foreign key (f); ``columns`` its own, ``target`` the table that a key points at."""

    name: str
    kind: str
    definition: str
    columns: tuple[str, ...]
    target: Name | None
    target_oid: int
    comment: str | None


def settings_of(connection: BaseDatabaseWrapper, oid: int, column: str) -> Settings:
    """What is set for one column."""
    rows = fetch(
        connection,
        "SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, coalesce(pg_get_expr(d.adbin, d.adrelid), ''),"
        " nullif(a.attstattarget, -1), array_to_string(a.attoptions, ', '), col_description(a.attrelid, a.attnum)"
        " FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
        " WHERE a.attrelid = %s AND a.attname = %s AND NOT a.attisdropped",
        [oid, column],
    )
    name, kind, not_null, default, target, options, comment = rows[0]
    return Settings(
        name, kind, not_null, default, target, options or "", comment,
        _grants(connection, oid, column), _sequence(connection, oid, column),
    )  # fmt: skip


def _grants(connection: BaseDatabaseWrapper, oid: int, column: str) -> tuple[tuple[str, str, bool], ...]:
    rows = fetch(
        connection,
        "SELECT CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END, g.privilege_type,"
        " g.is_grantable FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) g"
        " WHERE a.attrelid = %s AND a.attname = %s AND a.attacl IS NOT NULL ORDER BY 1, 2",
        [oid, column],
    )
    return tuple((who, what, grantable) for who, what, grantable in rows)


def _sequence(connection: BaseDatabaseWrapper, oid: int, column: str) -> OwnSequence | None:
    rows = fetch(
        connection,
        "SELECT n.nspname, c.relname, a.attidentity::text, s.seqtypid::regtype::text, s.seqstart, s.seqincrement,"
        " s.seqmin, s.seqmax, s.seqcache, s.seqcycle"
        " FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S' JOIN pg_sequence s ON s.seqrelid = c.oid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid"
        " WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = %s"
        " AND a.attname = %s AND d.deptype IN ('a', 'i')",
        [oid, column],
    )
    if not rows:
        return None
    schema, name, kind, type_, *numbers = rows[0]
    return OwnSequence(Name(schema, name), kind, _options(type_, *numbers))


_LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}


def _options(kind: str, start: int, step: int, low: int, high: int, cache: int, cycles: Any) -> str:
    """What differs from the defaults; bounds that are those of the type follow the new type."""
    parts = [f"START WITH {start} INCREMENT BY {step}"]
    if low != (1 if step > 0 else -_LARGEST[kind] - 1):
        parts.append(f"MINVALUE {low}")
    if high != (_LARGEST[kind] if step > 0 else -1):
        parts.append(f"MAXVALUE {high}")
    return " ".join([*parts, f"CACHE {cache}", *(["CYCLE"] if cycles else [])])


def indexes_on(connection: BaseDatabaseWrapper, oid: int, columns: list[str]) -> list[OwnIndex]:
    """The indexes of a table over any of these columns, in keys, expressions, conditions or INCLUDE."""
    rows = fetch(
        connection,
        "SELECT c.relname, pg_get_indexdef(i.indexrelid), i.indisunique, coalesce(k.contype::text, ''),"
        " coalesce(pg_get_constraintdef(k.oid), ''),"
        " CASE WHEN i.indexprs IS NULL AND i.indpred IS NULL THEN ARRAY(SELECT a.attname::text"
        " FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS n(number, at) JOIN pg_attribute a ON a.attrelid = i.indrelid"
        " AND a.attnum = n.number WHERE n.at <= i.indnkeyatts ORDER BY n.at) ELSE '{}' END,"
        " NOT i.indnullsnotdistinct, i.indisclustered,"
        " obj_description(i.indexrelid, 'pg_class'), obj_description(k.oid, 'pg_constraint')"
        " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid"
        " AND k.contype IN ('p', 'u', 'x')"
        " WHERE i.indrelid = %s AND i.indisvalid AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = i.indrelid"
        " AND a.attname = ANY (%s) AND (a.attnum = ANY (i.indkey::int2[]) OR EXISTS (SELECT 1 FROM pg_depend d"
        " WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid AND d.refobjid = i.indrelid"
        " AND d.refobjsubid = a.attnum))) ORDER BY i.indexrelid",
        [oid, columns],
    )
    return [
        OwnIndex(name, index_body(text), unique, kind, constraint, tuple(keys), *rest)
        for name, text, unique, kind, constraint, keys, *rest in rows
    ]


def constraints_on(connection: BaseDatabaseWrapper, oid: int, columns: list[str]) -> list[OwnConstraint]:
    """The CHECKs and foreign keys of a table over any of these columns."""
    rows = fetch(
        connection,
        "SELECT k.conname, k.contype::text, pg_get_constraintdef(k.oid), ARRAY(SELECT a.attname::text FROM pg_attribute a"
        " WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)), n.nspname, c.relname, k.confrelid::bigint,"
        " obj_description(k.oid, 'pg_constraint')"
        " FROM pg_constraint k LEFT JOIN pg_class c ON c.oid = k.confrelid LEFT JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE k.conrelid = %s AND k.contype IN ('c', 'f') AND EXISTS (SELECT 1 FROM pg_attribute a"
        " WHERE a.attrelid = k.conrelid AND a.attname = ANY (%s) AND a.attnum = ANY (k.conkey)) ORDER BY k.oid",
        [oid, columns],
    )
    return [
        OwnConstraint(name, kind, text, tuple(own), Name(schema, table) if table else None, target, comment)
        for name, kind, text, own, schema, table, target, comment in rows
    ]


def keys_pointing_at(connection: BaseDatabaseWrapper, oid: int, columns: list[str]) -> list[tuple[int, str, str]]:
    """The foreign keys, of this table too, that point at any of these columns: (table's oid, its name, key's name)."""
    rows = fetch(
        connection,
        "SELECT k.conrelid::bigint, k.conrelid::regclass::text, k.conname FROM pg_constraint k"
        " WHERE k.contype = 'f' AND k.confrelid = %s AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = k.confrelid"
        " AND a.attname = ANY (%s) AND a.attnum = ANY (k.confkey)) ORDER BY 2, 3",
        [oid, columns],
    )
    return [(int(table), plain, name) for table, plain, name in rows]


def others_depending(connection: BaseDatabaseWrapper, oid: int, columns: list[str]) -> list[str]:
    """What depends on these columns and cannot be moved to others: views, policies, triggers, generated columns, …"""
    rows = fetch(
        connection,
        "SELECT DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid) FROM pg_depend d"
        " JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid"
        " LEFT JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid"
        " LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid"
        " LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid"
        " WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = %s AND a.attname = ANY (%s)"
        " AND NOT (f.oid IS NOT NULL AND f.adnum = a.attnum AND a.attgenerated = '')"
        " AND NOT (c.oid IS NOT NULL AND (c.relkind IN ('i', 'S')))"
        " AND NOT (k.oid IS NOT NULL AND k.contype IN ('p', 'u', 'c', 'f', 'n')) ORDER BY 1",
        [oid, columns],
    )
    return [row[0] for row in rows]


def tree_or_identity(connection: BaseDatabaseWrapper, oid: int, columns: list[str]) -> list[str]:
    """What else ties a column to its place: partitions and inheritance, an index that is the replica identity."""
    rows = fetch(
        connection,
        "SELECT w FROM (SELECT 'its table is partitioned, a partition, or inherits' AS w FROM pg_class"
        " WHERE oid = %s AND (relkind = 'p' OR relispartition OR EXISTS"
        " (SELECT 1 FROM pg_inherits i WHERE pg_class.oid IN (i.inhrelid, i.inhparent)))"
        " UNION ALL SELECT 'it is part of the replica identity ' || i.indexrelid::regclass::text FROM pg_index i"
        " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])"
        " WHERE i.indrelid = %s AND i.indisreplident AND a.attname = ANY (%s)"
        " UNION ALL SELECT 'it is generated' FROM pg_attribute WHERE attrelid = %s AND attname = ANY (%s)"
        " AND attgenerated <> '') q",
        [oid, oid, columns, oid, columns],
    )
    return [row[0] for row in rows]


def triggers_after_update(connection: BaseDatabaseWrapper, oid: int, *, replica: bool) -> list[str]:
    """The triggers that fire after any UPDATE of a row, in a session that replicates (``replica``) or an ordinary one."""
    fires = "'A', 'R'" if replica else "'A', 'O'"
    rows = fetch(
        connection,
        "SELECT tgname FROM pg_trigger WHERE tgrelid = %s AND NOT tgisinternal AND tgtype & 16 <> 0 AND tgtype & 2 = 0"
        f" AND tgtype & 64 = 0 AND tgattr = ''::int2vector AND tgenabled::text IN ({fires}) ORDER BY 1",
        [oid],
    )
    return [row[0] for row in rows]


def may_replicate(connection: BaseDatabaseWrapper) -> bool:
    """Whether the role may write as a replica does, without firing ordinary triggers."""
    return bool(fetch(connection, "SELECT has_parameter_privilege('session_replication_role', 'SET')")[0][0])

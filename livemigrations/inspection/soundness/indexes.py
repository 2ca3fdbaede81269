"""Indexes: left half built, or (where amcheck is installed) not true to their table."""

from __future__ import annotations

from django.db import DatabaseError

from livemigrations.catalog.relations import USER_SCHEMA
from livemigrations.engine.connections import sqlstate
from livemigrations.inspection.soundness.findings import Look, Severity

_INVALID = f"""
SELECT i.indexrelid::regclass::text, i.indrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_stat_progress_create_index p ON p.index_relid = i.indexrelid AND p.datname = current_database()
WHERE NOT (i.indisvalid AND i.indisready AND i.indislive) AND p.pid IS NULL AND {USER_SCHEMA} ORDER BY 1
"""
_INDEXES = f"""
SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {USER_SCHEMA}
"""
_BTREES = f"""
SELECT i.indexrelid::bigint, i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_am m ON m.oid = c.relam JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE m.amname = 'btree' AND c.relkind = 'i' AND i.indisvalid AND i.indisready AND c.relpersistence <> 't' AND {USER_SCHEMA}
ORDER BY pg_relation_size(i.indexrelid)
"""
_HEAPS = f"""
SELECT c.oid::bigint, c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_am m ON m.oid = c.relam WHERE c.relkind IN ('r', 'm') AND m.amname = 'heap' AND c.relpersistence <> 't' AND {USER_SCHEMA}
ORDER BY pg_relation_size(c.oid)
"""
_PLACE = """
SELECT quote_ident(n.nspname), bool_and(has_function_privilege(p.oid, 'EXECUTE')),
       string_agg(p.oid::regprocedure::text, ', '), quote_ident(current_user)
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
WHERE e.extname = 'amcheck' AND (p.proname, p.pronargs) IN (('bt_index_check', 2), ('verify_heapam', 6))
GROUP BY n.nspname
"""
_AVAILABLE = "SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'"


def invalid_indexes(look: Look) -> None:
    """Indexes that a failed build left behind and that nobody is building right now."""
    look.part = "indexes"
    look.found.looked[look.part] = look.fetch(_INDEXES, [])[0][0]
    for index, table in look.fetch(_INVALID, []):
        remedy = f"REINDEX INDEX CONCURRENTLY {index}; or DROP INDEX CONCURRENTLY {index};"
        look.add(Severity.PROBLEM, index, f"is invalid: {table} pays for it, and no query uses it", remedy)


def pages(look: Look) -> None:
    """Check B-trees against their tables, and tables page by page, with amcheck where it is installed."""
    look.part = "amcheck"
    place = look.fetch(_PLACE)
    if not place or not place[0][1]:
        look.found.skipped[look.part] = _why_not(look, *(place[0][2:] if place else ("", "")))
        return
    schema = place[0][0]
    for oid, name in look.each(look.fetch(_BTREES, []), lambda row: str(row[1])):
        remedy = f"REINDEX INDEX CONCURRENTLY {name}; then look for its cause: collations, storage, functions"
        _checked(look, name, f"SELECT {schema}.bt_index_check(%s::regclass, heapallindexed => true)", oid, remedy)
    for oid, name in look.each(look.fetch(_HEAPS, []), lambda row: str(row[1])):
        query = f"SELECT count(*), min(blkno::text || ': ' || msg) FROM {schema}.verify_heapam(%s::regclass)"
        _checked(look, name, query, oid, "restore the table from a backup")


def _why_not(look: Look, functions: str, role: str) -> str:
    if role:
        return f"the role {role} may not call it (GRANT EXECUTE ON FUNCTION {functions} TO {role})"
    if look.fetch(_AVAILABLE):
        return "the extension amcheck is not installed (CREATE EXTENSION amcheck)"
    return "the server has no extension amcheck: it comes with PostgreSQL's contrib modules"


def _checked(look: Look, name: str, query: str, oid: int, remedy: str) -> None:
    try:
        with look.on(name):
            rows = look.fetch(query, [oid])
            if len(rows[0]) == 2 and rows[0][0]:
                look.add(
                    Severity.PROBLEM, name, f"{rows[0][0]} damaged places, the first at block {rows[0][1]}", remedy
                )
    except DatabaseError as error:
        if sqlstate(error) not in ("XX001", "XX002", "XX000", "22000"):
            raise
        look.add(Severity.PROBLEM, name, str(error).strip().splitlines()[0], remedy)

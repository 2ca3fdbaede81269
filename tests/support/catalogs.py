"""The whole catalog of a schema, stricter than the engine's own snapshot: what plain Django is compared by."""

from __future__ import annotations

from typing import Any

QUERIES = {
    "relations": """
        SELECT c.relname, c.relkind::text || coalesce(' ' || pg_get_viewdef(c.oid), '') || coalesce(' ' || obj_description(c.oid), '')
            || coalesce(' ' || c.reloptions::text, '') || c.relpersistence::text
        FROM pg_class c WHERE c.relnamespace = {schema}::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')""",
    "columns": """
        SELECT c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod) || ' null=' || (NOT a.attnotnull)::text
            || ' default=' || coalesce(pg_get_expr(d.adbin, d.adrelid), '') || ' identity=' || a.attidentity::text
            || ' generated=' || a.attgenerated::text || ' collation='
            || coalesce((SELECT collname FROM pg_collation WHERE oid = a.attcollation), '')
            || ' comment=' || coalesce(col_description(c.oid, a.attnum), '')
            || ' place=' || row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = {schema}::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')""",
    "indexes": """
        SELECT c.relname, pg_get_indexdef(c.oid) || CASE WHEN i.indisvalid AND i.indisready THEN '' ELSE ' INVALID' END
        FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid WHERE c.relnamespace = {schema}::regnamespace""",
    "constraints": """
        SELECT conrelid::regclass::text || '.' || conname, pg_get_constraintdef(oid) || ' ' || convalidated::text
        FROM pg_constraint WHERE connamespace = {schema}::regnamespace AND contype IN ('p', 'u', 'f', 'c', 'x')""",
    "triggers": """
        SELECT tgrelid::regclass::text || '.' || tgname, pg_get_triggerdef(t.oid) || tgenabled::text
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE c.relnamespace = {schema}::regnamespace AND NOT tgisinternal""",
    "functions": """
        SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid) FROM pg_proc p
        WHERE p.pronamespace = {schema}::regnamespace AND p.prokind IN ('f', 'p')
        AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')""",
    "sequences": """
        SELECT s.sequencename, s.data_type::text || ' ' || s.start_value || ' ' || s.increment_by || ' owner='
            || coalesce((SELECT d.refobjid::regclass::text || '.' || d.refobjsubid FROM pg_depend d
                WHERE d.objid = format('%I.%I', s.schemaname, s.sequencename)::regclass AND d.deptype IN ('a', 'i')), '')
        FROM pg_sequences s WHERE s.schemaname = {schema}""",
    "types": """
        SELECT t.typname, t.typtype::text || coalesce((SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder)
            FROM pg_enum e WHERE e.enumtypid = t.oid), '')
        FROM pg_type t WHERE t.typnamespace = {schema}::regnamespace AND t.typtype IN ('e', 'd')""",
}

Catalog = dict[str, str]


def catalog(connection: Any, schema: str = "public", *, books: bool = False) -> Catalog:
    """Return every definition of a schema by its name, of a psycopg or Django connection.

    The books of the engine and of Django are left out unless ``books``.
    """
    found: Catalog = {}
    with connection.cursor() as cursor:
        for kind, query in QUERIES.items():
            named = "'" + schema.replace("'", "''") + "'"
            number = f"(SELECT oid FROM pg_namespace WHERE nspname = {named})"
            cursor.execute(query.replace("{schema}::regnamespace", number).replace("{schema}", named))
            for name, definition in cursor.fetchall():
                if books or not name.lstrip('"').startswith(("livemigrations_", "django_migrations")):
                    found[f"{kind} {name}"] = definition
    return found


def differences(one: Catalog, other: Catalog) -> list[str]:
    """Return a line for each definition that the two do not share."""
    names = sorted({*one, *other})
    return [f"{name}: {one.get(name)} != {other.get(name)}" for name in names if one.get(name) != other.get(name)]

"""The state of a database that a migration must not change by accident: definitions, rows and recorded migrations."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import psycopg

from tests.support.catalogs import Catalog, catalog

MORE = {
    "row security": """
        SELECT oid::regclass::text, format('enabled %s, forced %s', relrowsecurity, relforcerowsecurity)
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')""",
    "policies": """
        SELECT polrelid::regclass::text || '.' || polname, format('%s %s %s %s %s', polcmd, polpermissive,
            polroles::regrole[], pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) FROM pg_policy""",
    "privileges": """
        SELECT oid::regclass::text, format('%s %s', relowner::regrole,
            (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(relacl) a))
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')""",
    "rules": """
        SELECT ev_class::regclass::text || '.' || rulename, pg_get_ruledef(r.oid) || ev_enabled::text FROM pg_rewrite r
        JOIN pg_class c ON c.oid = ev_class WHERE relnamespace = 'public'::regnamespace AND rulename <> '_RETURN'""",
    "statistics": """
        SELECT attrelid::regclass::text || '.' || attname, format('%s %s', attstattarget, attstorage) FROM pg_attribute
        JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = 'public'::regnamespace AND attnum > 0
        AND NOT attisdropped AND relkind IN ('r', 'p')""",
}
_TABLES = """
SELECT c.oid::regclass::text, array_agg(a.attname::text ORDER BY a.attnum),
    array_agg(a.atttypid = 'uuid'::regtype OR a.attname LIKE 'random%' ORDER BY a.attnum)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname NOT LIKE 'livemigrations%'
  AND c.relname <> 'django_migrations' GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, repr=False)
class State:
    """Definitions by name, sums of rows by table, and the recorded migrations, oldest first."""

    catalog: Catalog
    rows: dict[str, dict[str, Any]]
    recorded: list[str]

    def differences(self, other: State) -> list[str]:
        """Return a line for each thing that the two states do not share."""
        mine = self.catalog | {f"rows of {table}": str(sums) for table, sums in self.rows.items()}
        others = other.catalog | {f"rows of {table}": str(sums) for table, sums in other.rows.items()}
        mine["recorded"], others["recorded"] = str(sorted(self.recorded)), str(sorted(other.recorded))
        names = sorted({*mine, *others})
        return [
            f"{name}:\n    {mine.get(name)}\n    {others.get(name)}"
            for name in names
            if mine.get(name) != others.get(name)
        ]


def state(connection: psycopg.Connection[Any], ignoring: Collection[str] = ()) -> State:
    """Read the state of the schema public. ``ignoring`` names tables whose rows do not count."""
    found = catalog(connection)
    for kind, query in MORE.items():
        for name, definition in connection.execute(query):
            if not name.strip('"').startswith(("livemigrations_", "django_migrations")):
                found[f"{kind} {name}"] = definition
    return State(found, _rows(connection, ignoring), _recorded(connection))


def _rows(connection: psycopg.Connection[Any], ignoring: Collection[str]) -> dict[str, dict[str, Any]]:
    found = {}
    for table, columns, random in connection.execute(_TABLES).fetchall():
        if table in ignoring:
            continue
        sums = ["count(*)"]
        for name, is_random in zip(columns, random, strict=True):
            quoted = '"{}"'.format(name.replace('"', '""'))
            sums.append(f"count({quoted})")
            sums.append(f"count(DISTINCT {quoted})" if is_random else f"sum(hashtext({quoted}::text)::bigint)")
        row = connection.execute(f"SELECT {', '.join(sums)} FROM {table}".encode()).fetchone()
        assert row is not None
        count, *rest = map(str, row)
        found[table] = {"count": count} | {
            name: (rest[2 * number], rest[2 * number + 1]) for number, name in enumerate(columns)
        }
    return found


def _recorded(connection: psycopg.Connection[Any]) -> list[str]:
    if connection.execute("SELECT to_regclass('django_migrations')").fetchone() == (None,):
        return []
    rows = connection.execute(
        "SELECT app || '.' || name FROM django_migrations WHERE app <> 'livemigrations' ORDER BY id"
    )
    return [row[0] for row in rows]

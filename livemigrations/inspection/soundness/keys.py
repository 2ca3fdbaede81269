"""Foreign keys and other constraints: do the rows hold to them, whatever the catalog says?"""

from __future__ import annotations

from dataclasses import dataclass

from livemigrations.catalog.relations import USER_SCHEMA
from livemigrations.inspection.soundness.findings import Look, Severity
from livemigrations.statements.names import identifier

# NOT ENFORCED promises nothing, and a key with PERIOD does not compare by equality: both are of PostgreSQL 18. By way
# of JSON, since older servers lack the columns.
_ENFORCED = "coalesce((to_jsonb(k) ->> 'conenforced')::boolean, TRUE)"
_EQUALITY = "NOT coalesce((to_jsonb(k) ->> 'conperiod')::boolean, FALSE)"
_KEYS = f"""
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), k.conname,
       quote_ident(m.nspname) || '.' || quote_ident(t.relname),
       array_agg(a.attname ORDER BY x.i)::text[], array_agg(b.attname ORDER BY x.i)::text[], k.confmatchtype = 'f',
       CASE c.relkind WHEN 'r' THEN 'ONLY ' ELSE '' END, CASE t.relkind WHEN 'r' THEN 'ONLY ' ELSE '' END
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class t ON t.oid = k.confrelid JOIN pg_namespace m ON m.oid = t.relnamespace
CROSS JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY AS x(own, other, i)
JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = x.own
JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = x.other
WHERE k.contype = 'f' AND k.conparentid = 0 AND {_ENFORCED} AND {_EQUALITY} AND {USER_SCHEMA}
GROUP BY k.oid, n.nspname, c.relname, c.relkind, k.conname, m.nspname, t.relname, t.relkind, k.confmatchtype ORDER BY 1, 2
"""
_UNVALIDATED = f"""
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), k.conname, k.contype::text,
       coalesce(pg_get_expr(k.conbin, k.conrelid),
                (SELECT quote_ident(a.attname) || ' IS NOT NULL' FROM pg_attribute a
                 WHERE a.attrelid = k.conrelid AND a.attnum = k.conkey[1])),
       {_ENFORCED}
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT k.convalidated AND k.conparentid = 0 AND {USER_SCHEMA} ORDER BY 1, 2
"""
_DISABLED = f"""
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), bool_or(t.tgisinternal),
       string_agg(t.tgname, ', ' ORDER BY t.tgname)
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE t.tgenabled IN ('D', 'R') AND {USER_SCHEMA} GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class _Key:
    table: str
    name: str
    target: str
    own: list[str]
    other: list[str]
    full: bool
    only: str = ""
    only_target: str = ""

    def orphans(self) -> str:
        """FROM and WHERE of the rows that refer to nothing."""
        same = " AND ".join(f"t.{identifier(b)} = o.{identifier(a)}" for a, b in zip(self.own, self.other, strict=True))
        given = (" OR " if self.full else " AND ").join(f"o.{identifier(a)} IS NOT NULL" for a in self.own)
        there = f"SELECT 1 FROM {self.only_target}{self.target} t WHERE {same}"
        return f"FROM {self.only}{self.table} o WHERE ({given}) AND NOT EXISTS ({there})"

    def sample(self) -> str:
        values = ", ".join(f"o.{identifier(a)}" for a in self.own)
        return f"SELECT DISTINCT ROW({values})::text {self.orphans()} LIMIT 3"


def foreign_keys(look: Look) -> None:
    """Count the rows that refer to nothing, for every foreign key, validated or not."""
    look.part = "foreign keys"
    keys = [_Key(*row) for row in look.fetch(_KEYS, [])]
    for key in look.each(keys, lambda key: f"{key.table} {key.name}"):
        with look.on(f"{key.table}.{key.name}"):
            count = look.fetch(f"SELECT count(*) {key.orphans()}")[0][0]
            if count:
                values = ", ".join(str(row[0]) for row in look.fetch(key.sample()))
                text = f"{count:,} rows refer to no row of {key.target}, such as {values}"
                look.add(Severity.PROBLEM, f"{key.table}.{key.name}", text, "correct or delete these rows", count)


def constraints(look: Look) -> None:
    """Constraints that are NOT VALID, with the rows that break checks, and triggers that are switched off."""
    look.part = "constraints"
    rows = look.fetch(_UNVALIDATED, [])
    for table, name, kind, condition, enforced in look.each(rows, lambda row: f"{row[0]} {row[1]}"):
        with look.on(f"{table}.{name}"):
            count = None
            if kind in ("c", "n"):
                count = look.fetch(f"SELECT count(*) FROM {table} WHERE NOT ({condition})")[0][0]
            _add_unvalidated(look, table, name, count, enforced=enforced)
    for table, internal, names in look.fetch(_DISABLED, []):
        if internal:
            text, which = "the triggers of its foreign keys are switched off: nothing enforces them", "ALL"
        else:
            text, which = f"triggers are switched off: {names}", "USER"
        look.add(Severity.PROBLEM, table, text, f"ALTER TABLE {table} ENABLE TRIGGER {which};")


def _add_unvalidated(look: Look, table: str, name: str, count: int | None, *, enforced: bool) -> None:
    """``count`` is the number of rows that break the constraint, None for keys: those are counted by themselves."""
    broken = f"; {count:,} rows break it" if count else "; no row breaks it" if count == 0 else ""
    if enforced:
        remedy = f"ALTER TABLE {table} VALIDATE CONSTRAINT {identifier(name)};"
        remedy = f"correct the rows, then {remedy}" if count else remedy
        look.add(Severity.PROBLEM, f"{table}.{name}", f"is not validated{broken}", remedy, count)
    else:  # somebody said so: it promises nothing
        look.add(
            Severity.NOTE, f"{table}.{name}", f"is not enforced{broken}", "add it anew without NOT ENFORCED", count
        )

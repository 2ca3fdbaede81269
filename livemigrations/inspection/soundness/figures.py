"""Sequences that are behind their column, and what the planner does not know."""

from __future__ import annotations

from livemigrations.catalog.relations import USER_SCHEMA
from livemigrations.inspection.soundness.findings import Look, Severity
from livemigrations.statements.names import identifier, literal

_SEQUENCES = f"""
SELECT DISTINCT quote_ident(n.nspname) || '.' || quote_ident(c.relname), a.attname, s.oid::regclass::text, q.seqincrement
FROM pg_class s JOIN pg_sequence q ON q.seqrelid = s.oid AND q.seqincrement > 0
JOIN (SELECT d.objid, d.refobjid, d.refobjsubid FROM pg_depend d
      WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
      UNION ALL
      SELECT d.refobjid, f.adrelid, f.adnum FROM pg_depend d JOIN pg_attrdef f ON f.oid = d.objid
      WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass
          AND pg_get_expr(f.adbin, f.adrelid) ~ '^nextval\\([^)]*\\)$') AS used (sequence, relation, number)
    ON used.sequence = s.oid AND used.number > 0
JOIN pg_class c ON c.oid = used.relation JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = used.number
JOIN pg_type t ON t.oid = a.atttypid AND t.typname IN ('int2', 'int4', 'int8', 'numeric')
WHERE {USER_SCHEMA} AND NOT c.relispartition ORDER BY 1, 2
"""
_STATISTICS = f"""
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.reltuples < 0, coalesce(s.n_live_tup, 0),
       coalesce(s.n_dead_tup, 0), pg_table_size(c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND {USER_SCHEMA} ORDER BY 1
"""
_SMALL, _DEAD, _SHARE = 64 * 1024, 10_000, 0.2


def sequences(look: Look) -> None:
    """Sequences whose next value is taken already: the next insert would fail, or write a value twice."""
    look.part = "sequences"
    rows = look.fetch(_SEQUENCES, [])
    for table, column, sequence, step in look.each(rows, lambda row: f"{row[0]}.{row[1]}"):
        with look.on(f"{table}.{column}"):
            next_, greatest = look.fetch(
                f"SELECT (SELECT last_value + CASE WHEN is_called THEN {step} ELSE 0 END FROM {sequence}),"
                f" (SELECT max({identifier(column)}) FROM {table})"
            )[0]
            if greatest is not None and greatest >= next_:
                remedy = f"SELECT setval({literal(sequence)}, {greatest});"
                look.add(
                    Severity.PROBLEM,
                    f"{table}.{column}",
                    f"the sequence is behind: next {next_}, greatest {greatest}",
                    remedy,
                )


def statistics(look: Look) -> None:
    """Tables that were never analyzed or carry many dead rows: plans on them are guesses."""
    look.part = "statistics"
    rows = look.fetch(_STATISTICS, [])
    for table, never, live, dead, size in look.each(rows, lambda row: str(row[0])):
        if never and size > _SMALL:
            look.add(Severity.NOTE, table, "was never analyzed: the planner guesses", f"ANALYZE {table};")
        if dead > _DEAD and dead > _SHARE * (live + dead):
            text = f"{dead:,} of {live + dead:,} rows are dead"
            look.add(Severity.NOTE, table, text, f"VACUUM (ANALYZE) {table}; and look what holds autovacuum off", dead)

"""The statements that put kept rows back, a page each, and count what found no place.

Kept columns may have another type by now than the table: text, since their own type was dropped. They are read as the
table's. Each page answers as those of ``carrying`` do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.carrying import own_key, page_sql
from livemigrations.catalog.kept import Kept
from livemigrations.catalog.keys import KeyColumn, Reference, fits, references, row_key
from livemigrations.catalog.relations import fetch
from livemigrations.statements.names import Name, identifier, literal

_TEXTS = ("text", "character varying")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: ``type`` as the catalog spells it, ``loose`` without its length; ``given``: rows bring its value."""

    oid: int
    type: str
    loose: str
    strict: bool
    given: bool


@dataclass(frozen=True, slots=True)
class Way:
    """What is known of both ends: the key by which rows find each other, columns by name, foreign keys of the table."""

    line: Kept
    key: list[KeyColumn]
    kept_key: list[KeyColumn]
    kept: dict[str, Column]
    table: dict[str, Column]
    others: list[Reference]
    itself: list[Reference]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The columns of a row: (name where it is kept, name in the table)."""
        if self.line.attribute:
            names = [(a.name, b.name) for a, b in zip(self.kept_key, self.key, strict=True)]
            return [*names, ("value", self.line.attribute)]
        return [(name, name) for name, column in self.table.items() if column.given and name in self.kept]

    @property
    def paged(self) -> bool:
        """Whether its rows can go page by page: rows that they refer to must be found by the key."""
        names = {column.name for column in self.key}
        return bool(self.kept_key) and all(set(reference.other) == names for reference in self.itself)

    def read(self, alias: str, kept: str, name: str) -> str:
        """A kept value as one of the table's column."""
        cast = "" if self.kept[kept].oid == self.table[name].oid else f"::text::{self.table[name].loose}"
        return f"{alias}.{identifier(kept)}{cast}"

    def same(self, one: str, kept: str) -> str:
        """The condition that the alias ``one`` of the table and ``kept`` stand for the same row; never an error."""
        found = []
        for own, column in zip(self.kept_key, self.key, strict=True):
            text = "" if self.kept[own.name].oid == self.table[column.name].oid else "::text"
            found.append(f"{one}.{column.quoted}{text} = {kept}.{own.quoted}{text}")
        return " AND ".join(found)


def way_back(connection: BaseDatabaseWrapper, oid: int, line: Kept) -> Way:
    """Look at both ends. ``kept_key`` is empty where rows can not be told apart at both."""
    kept, table = _columns(connection, line.table), _columns(connection, line.origin)
    key = row_key(connection, oid, without=line.attribute)
    names = [column.name for column in (own_key(key) if line.attribute else key)]
    found = [KeyColumn(name, kept[name].type) for name in names if name in kept]
    complete = len(found) == len(key) and not (line.attribute and len(kept) != len(key) + 1 + bool(line.became))
    others, itself = (
        [one for one in references(connection, oid, itself=own) if line.attribute or set(one.own) <= set(kept)]
        for own in (False, True)
    )
    return Way(line, key if complete else [], found if complete else [], kept, table, others, itself)


def _columns(connection: BaseDatabaseWrapper, table: Name) -> dict[str, Column]:
    rows = fetch(
        connection,
        "SELECT attname, atttypid::bigint, format_type(atttypid, atttypmod), format_type(atttypid, -1), attnotnull,"
        " attgenerated = '' FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"
        " ORDER BY attnum",
        [str(table)],
    )
    return {name: Column(*row) for name, *row in rows}


def into_column(way: Way, position: list[str] | None, limit: int, *, untouched: str = "TRUE") -> str:
    """Write kept values into the rows that still exist and differ; what a foreign key would refuse stays kept.

    ``untouched`` is the condition, on ``t``, that nobody wrote the column since it is there.
    """
    line, column = way.line, identifier(way.line.attribute)
    rows = " AND ".join(f"t.{a.quoted} = page.{b.quoted}" for a, b in zip(way.key, way.kept_key, strict=True))
    own = [key for key in [*way.others, *way.itself] if key.own == (line.attribute,)]
    fitting = f"{fits([replace(key, own=('value',)) for key in own], 'page')} AND {untouched}"
    if way.table[line.attribute].strict:  # a row that was deleted is noted with NULL
        fitting += " AND page.value IS NOT NULL"
    if line.narrowed_to:  # only values that nobody changed since
        was = "became" if line.became else f"value::{line.narrowed_to}"
        text = way.table[line.attribute].loose in _TEXTS  # traffic may have written there what no cast can read
        fitting += f" AND t.{column}{'' if text else f'::{line.narrowed_to}'}::text = page.{was}::text"
    return page_sql(
        f"SELECT * FROM {line.table}", way.kept_key, position, limit,
        f"UPDATE {line.origin} t SET {column} = page.value FROM page WHERE {rows} AND {fitting}"
        f" AND t.{column}::text IS DISTINCT FROM page.value::text RETURNING 1",
        _shaped(way, "raw"),
    )  # fmt: skip


def left_of_column(way: Way) -> str:
    """Count the kept values that are not in the table."""
    return f"SELECT count(*) {_left(way)}"


def into_table(way: Way, position: list[str] | None, limit: int | None) -> str:
    """Insert kept rows that are not there and whose references exist. Without a ``limit`` all of them at once.

    Rows without a key could not be told from those that an earlier try inserted: they leave what is kept as they go.
    """
    line = way.line
    columns = ", ".join(identifier(name) for name, _ in way.pairs)
    values = ", ".join(f"page.{identifier(name)}" for name, _ in way.pairs)
    head = f"INSERT INTO {line.origin} ({columns}) OVERRIDING SYSTEM VALUE SELECT {values} FROM page"
    if not way.kept_key:
        fitting = fits(_read_as_kept(way), "k")
        read = f"DELETE FROM {line.table} k WHERE {fitting} RETURNING *"
        return page_sql(read, [], None, None, f"{head} RETURNING 1", _shaped(way, "raw"))
    fitting = fits(way.others, "page")
    between, stays = _shaped(way, "raw"), "TRUE"
    if way.itself:
        lost, stays = _lost(way, fitting)
        between = (_tree(way) + _shaped(way, "whole") if limit is not None else between) + lost
    return page_sql(
        f"SELECT * FROM {line.table}", way.kept_key, position, limit,
        f"{head} WHERE {fitting} AND {stays} ON CONFLICT DO NOTHING RETURNING 1",
        between,
    )  # fmt: skip


def left_of_table(way: Way) -> str:
    """Count the kept rows that are not in the table."""
    return f"SELECT count(*) {_left(way)}"


def reasons(way: Way) -> str:
    """Why kept rows are not in the table: one row a reason, with their number and the key of one of them."""
    own = way.line.attribute
    cases = []
    if own:
        cases.append((f"NOT EXISTS (SELECT 1 FROM {way.line.origin} t WHERE {way.same('t', 'k')})", "the row is gone"))
    for one in [*way.others, *way.itself]:
        if not own or one.own == (own,):
            names = ", ".join(one.own)
            cases.append((_orphaned(way, one), f"{names} refers to a row of {one.table.plain} that is gone"))
    last = "the row has another value by now, or refuses this one" if own else "the table refuses it"
    whens = " ".join(f"WHEN {condition} THEN {literal(why)}" for condition, why in cases)
    why = f"CASE {whens} ELSE {literal(last)} END" if cases else literal(last)
    key = f"concat_ws(', ', {', '.join(f'k.{column.quoted}' for column in way.kept_key)})" if way.kept_key else "''"
    return f"SELECT {why} AS why, count(*), min({key}) {_left(way)} GROUP BY 1 ORDER BY 2 DESC, 1"


def _orphaned(way: Way, one: Reference) -> str:
    """The condition that a kept row ``k`` refers to nothing; never an error, whatever its types are."""
    kept = {name: "value" if way.line.attribute else name for name in one.own}
    nulls = " OR ".join(f"k.{identifier(kept[name])} IS NULL" for name in one.own)
    joins = []
    for name, other in zip(one.own, one.other, strict=True):
        text = "" if way.kept[kept[name]].oid == way.table[name].oid else "::text"
        joins.append(f"r.{identifier(other)}{text} = k.{identifier(kept[name])}{text}")
    return f"NOT ({nulls} OR EXISTS (SELECT 1 FROM {one.table} r WHERE {' AND '.join(joins)}))"


_OWN_COLUMNS = """k.tableoid IN (SELECT c.oid FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.oid <> {}::regclass AND c.oid IN (SELECT inhrelid FROM pg_inherits) AND NOT c.relispartition
    AND a.attinhcount = 0 AND a.attnum > 0 AND NOT a.attisdropped)"""


def _left(way: Way) -> str:
    """FROM and WHERE of the kept rows, ``k``, that are not in the table, or not with all that they hold.

    A row of a table that inherited from this one may have columns that no other table has.
    """
    line = way.line
    if line.attribute:
        column = identifier(line.attribute)
        same = f"t.{column}::text IS NOT DISTINCT FROM k.value::text"
        there = f"EXISTS (SELECT 1 FROM {line.origin} t WHERE {way.same('t', 'k')} AND {same})"
        return f"FROM {line.table} k WHERE k.value IS NOT NULL AND NOT {there}"
    if not way.kept_key:
        return f"FROM {line.table} k"
    there = f"EXISTS (SELECT 1 FROM {line.origin} t WHERE {way.same('t', 'k')})"
    return f"FROM {line.table} k WHERE NOT {there} OR {_OWN_COLUMNS.format(literal(str(line.table)))}"


def passed_over(way: Way, position: list[str] | None, limit: int) -> str:
    """A page of what is kept that is not written."""
    return page_sql(f"SELECT * FROM {way.line.table}", way.kept_key, position, limit, "SELECT 1 WHERE false")


def sequences_sql(line: Kept) -> list[str]:
    """Move the sequences of a table on to where they were, up or down; one that is further already stays."""
    found = []
    for column, (last, called) in line.sequences.items():
        sequence = f"pg_get_serial_sequence({literal(str(line.origin))}, {literal(column)})"
        found.append(
            f"SELECT setval(seqrelid, {int(last)}, {literal(bool(called))}) FROM pg_sequence"
            f" WHERE seqrelid = {sequence}::regclass"
            f" AND coalesce((pg_sequence_last_value(seqrelid) - {int(last)}) * sign(seqincrement) < 0, true)"
        )
    return found


def _shaped(way: Way, source: str) -> str:
    """The part of a WITH that reads ``source`` as rows of the table."""
    values = ", ".join(f"{way.read(source, kept, name)} AS {identifier(kept)}" for kept, name in way.pairs)
    values += f", {source}.became" if way.line.became else ""
    return f"page AS MATERIALIZED (SELECT {values} FROM {source}), "


def _read_as_kept(way: Way) -> list[Reference]:
    """The foreign keys whose columns are kept as they are: only those can be asked of a kept row itself."""
    return [one for one in way.others if all(way.kept[name].oid == way.table[name].oid for name in one.own)]


def _tree(way: Way) -> str:
    """The parts of a WITH that add to ``raw`` the rows that it refers to, over any number of rows: ``whole``.

    Those that are in the table already end the search. They are looked up one by one: of a table that is being filled
    PostgreSQL believes that it is small, and would read all of it for each page.
    """
    key = [column.name for column in way.kept_key]
    names = list(dict.fromkeys([*key, *(name for one in way.itself for name in one.own)]))
    columns, ups = ", ".join(map(identifier, names)), ", ".join(f"up.{identifier(name)}" for name in names)
    steps = " UNION ALL ".join(
        f"SELECT {', '.join(f'r.{identifier(name)}' for name in names)} FROM {way.line.table} r"
        f" WHERE {one.joins('tree', 'r')}"
        for one in way.itself
    )
    there = " AND ".join(f"t.{identifier(name)} = {way.read('up', name, name)}" for name in key)
    keys = ", ".join(map(identifier, key))
    return (
        f"tree AS (SELECT {columns} FROM raw UNION SELECT {ups} FROM tree CROSS JOIN LATERAL ({steps}) up"
        f" WHERE (SELECT TRUE FROM {way.line.origin} t WHERE {there} LIMIT 1) IS NULL), "
        f"whole AS MATERIALIZED (SELECT * FROM {way.line.table} WHERE ({keys}) IN (SELECT {keys} FROM tree)), "
    )


def _lost(way: Way, fitting: str) -> tuple[str, str]:
    """The rows that cannot return since a row that they refer to, over any number of rows, cannot either.

    Returns a part of a WITH RECURSIVE, and the condition that a row of ``page`` is none of them.
    """
    names = sorted({name for key in way.itself for name in (*key.own, *key.other)})
    columns = ", ".join(f"page.{identifier(name)}" for name in names)
    orphan = " OR ".join(
        f"NOT ({key.is_null('page')} OR EXISTS (SELECT 1 FROM page r WHERE {key.joins('page', 'r')})"
        f" OR (SELECT TRUE FROM {way.line.origin} r WHERE {key.joins('page', 'r')} LIMIT 1) IS TRUE)"
        for key in way.itself
    )
    refers = " OR ".join(key.joins("page", "lost") for key in way.itself)
    other = way.itself[0].other
    same = " AND ".join(f"lost.{identifier(name)} = page.{identifier(name)}" for name in other)
    part = (
        f"lost AS (SELECT {columns} FROM page WHERE NOT ({fitting}) OR {orphan}"
        f" UNION SELECT {columns} FROM page JOIN lost ON {refers}), "
    )
    return part, f"NOT EXISTS (SELECT 1 FROM lost WHERE {same})"

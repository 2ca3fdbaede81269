"""What is known of a table before anything runs: does it stand, has it rows, how large is it, who is on it."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations import conf
from livemigrations.bookkeeping import BOOKS
from livemigrations.catalog import kept
from livemigrations.catalog.activity import holders, old_transactions
from livemigrations.catalog.partitions import descendants
from livemigrations.catalog.relations import Relation, fetch, has_rows
from livemigrations.engine.steps import Step
from livemigrations.engine.surroundings import Surroundings
from livemigrations.review.planned import TableFacts
from livemigrations.statements.names import Name, parse_name
from livemigrations.statements.parse import Kind, parse
from livemigrations.statements.tokens import tokens

# A table that was never analysed has no estimate of its rows; those that its statistics saw coming in will do.
_SIZES = """
WITH leaves AS (SELECT relid FROM pg_partition_tree(%s) WHERE isleaf UNION SELECT %s::oid)
SELECT sum(CASE WHEN c.relkind = 'p' THEN 0 WHEN c.reltuples >= 0 THEN c.reltuples
                ELSE nullif(pg_stat_get_live_tuples(c.oid), 0) END)::bigint,
       sum(pg_table_size(c.oid))::bigint, sum(pg_indexes_size(c.oid))::bigint
FROM leaves JOIN pg_class c ON c.oid = leaves.relid
"""


class Facts:
    """Asks the catalog once for each table."""

    def __init__(self, connection: BaseDatabaseWrapper, around: Surroundings) -> None:
        self.connection, self.around = connection, around
        self._schema = str(fetch(connection, "SELECT current_schema()")[0][0])
        self._sizes: dict[int, tuple[str, int | None, int, int]] = {}
        self._holders: dict[tuple[int, str], list[str]] = {}

    def tables(self, step: Step) -> tuple[TableFacts, ...]:
        """The tables that a step touches."""
        names = [*names_in(step), *self._carried(step)]
        found = (self._table(name) for name in names if not name.name.startswith(BOOKS))
        return tuple({facts.name: facts for facts in found if facts is not None}.values())

    def _carried(self, step: Step) -> Iterator[Name]:
        """The table whose rows a step carries: the one that loses them, or that of what is kept."""
        if step.transfer is not None:
            line = self.around.keeper.planned.get(step.transfer.kept_as)
            yield Name(line.schema, line.relation) if line else Name(kept.SCHEMA, step.transfer.kept_as)

    def locks(self, step: Step) -> dict[str, str]:
        """The locks that a step asks for, by the names that people know."""
        return {self._known_as(parse_name(table)): mode.value for table, mode in step.locks.items()}

    def _known_as(self, name: Name) -> str:
        return name.name if name.schema == self._schema else name.plain

    def _table(self, name: Name) -> TableFacts | None:
        found = self.around.find(name)
        if found is None:
            return TableFacts(self._known_as(name), "new") if self.around.is_new(name) else None
        if found.kind not in ("r", "p", "m"):
            return None
        return TableFacts(self._known_as(name), *self._size(found))

    def _size(self, found: Relation) -> tuple[str, int | None, int, int]:
        if found.oid not in self._sizes:
            rows, size, indexes = fetch(self.connection, _SIZES, [found.oid, found.oid])[0]
            populated = has_rows(self.connection, found.oid)
            self._sizes[found.oid] = ("populated", rows, size, indexes) if populated else ("empty", 0, size, indexes)
        return self._sizes[found.oid]

    def waits(self, step: Step) -> tuple[str, ...]:
        """The sessions that the step would wait for if it came now."""
        found: list[str] = []
        for table, mode in step.locks.items():
            there = self.around.find(parse_name(table))
            if there is not None:
                found += self._in_the_way(there.oid, mode.value)
        if step.index is not None:
            found += [str(session) for session in old_transactions(self.connection, conf.long_transaction_ms() / 1000)]
        return tuple(dict.fromkeys(found))

    def _in_the_way(self, oid: int, mode: str) -> list[str]:
        if (oid, mode) not in self._holders:
            sessions = holders(self.connection, dict.fromkeys([oid, *descendants(self.connection, oid)], mode))
            limit = conf.long_transaction_ms()
            self._holders[oid, mode] = [str(s) for s in sessions if s.age_ms is None or s.age_ms > limit]
        return self._holders[oid, mode]


def names_in(step: Step) -> list[Name]:
    """The tables that a step locks, and those that its statements name."""
    found = [parse_name(table) for table in step.locks]
    if step.index is not None:
        found.append(Name(step.index.schema, step.index.table))
    for sql in step.sql:
        for statement in parse(sql):
            if statement.kind == Kind.ROWS:
                found += _names_behind(sql)
            elif statement.table is not None and statement.kind not in (Kind.DROP_INDEX, Kind.RENAME_INDEX):
                found += [statement.table, *statement.references]
    return list(dict.fromkeys(found))


def _names_behind(sql: str) -> Iterator[Name]:
    """The names behind UPDATE, INTO, FROM and JOIN; some of them may be no tables."""
    all_ = list(tokens(sql))
    for number, token in enumerate(all_[:-1]):
        if token.word in ("UPDATE", "INTO", "FROM", "JOIN"):
            rest = [t for t in all_[number + 1 : number + 5] if t.word != "ONLY"]
            if rest and rest[0].kind in ("word", "quoted"):
                dotted = len(rest) > 2 and rest[1].text == "."
                yield Name(rest[0].name, rest[2].name) if dotted else Name("", rest[0].name)

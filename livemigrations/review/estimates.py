"""How long a step will take: a range, from what the journal measured here or else from sizes.

The rates for sizes are those of ordinary machines, an order of magnitude apart: a range that holds beats a figure
that does not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from statistics import quantiles
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.bookkeeping import has_bookkeeping
from livemigrations.catalog.relations import fetch, relation
from livemigrations.engine.steps import Lane, Step
from livemigrations.review.planned import Estimate, TableFacts
from livemigrations.statements.names import Name
from livemigrations.statements.tokens import tokens

_MIB = 2**20
_INDEX_RATE = (10 * _MIB, 150 * _MIB)  # bytes of the table a second, slowest and fastest
_SCAN_RATE = (50 * _MIB, 1000 * _MIB)
_REWRITE_RATE = (10 * _MIB, 100 * _MIB)
_KEY_RATE = (100_000, 2_000_000)  # rows a second
_WRITE_RATE = (5_000, 200_000)
_INSTANT_MS = (0.5, 20.0)
_FEW = 3  # fewer measurements than these say nothing

# Steps that share a transaction are measured together: the first one has the time of all, those behind it have none.
# Such a time says nothing about one of them.
_MEASURED = """
SELECT lane, description, direction, duration_ms, to_char(finished_at, 'YYYY-MM-DD'), (definition -> 'index')::text
FROM (
    SELECT *, lead(duration_ms, 1, 0) OVER (PARTITION BY run_id ORDER BY finished_at, id) AS next_ms
    FROM livemigrations_step WHERE state = 'done'
) done
WHERE outcome = 'done' AND duration_ms IS NOT NULL AND next_ms IS NOT NULL ORDER BY id DESC LIMIT 5000
"""


@dataclass
class Experience:
    """What the journal of a database measured: times of the instant lane, speeds of index builds, single steps."""

    instant_ms: list[float] = field(default_factory=list)
    index_rates: list[float] = field(default_factory=list)
    same: dict[str, tuple[float, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, connection: BaseDatabaseWrapper) -> Experience:
        """Read the journal; empty if there is none."""
        found = cls()
        if not has_bookkeeping(connection):
            return found
        size_of = cache(partial(_size_now, connection))  # a journal has many steps on few tables
        for lane, description, direction, duration, day, index in fetch(connection, _MEASURED):
            if direction == "forward":
                found.same.setdefault(description, (duration, day))
            if lane == Lane.INSTANT:
                found.instant_ms.append(duration)
            elif index and index != "null":
                found._learn_index(size_of, json.loads(index), duration)
        return found

    def _learn_index(self, size_of: Callable[[Name], int], index: dict[str, Any], duration_ms: float) -> None:
        if index["drop"] or duration_ms <= 0:
            return
        size = size_of(Name(index["schema"], index["table"]))
        if size > 8 * _MIB:
            self.index_rates.append(size / duration_ms * 1000)


def _size_now(connection: BaseDatabaseWrapper, table: Name) -> int:
    found = relation(connection, table)
    return found.size if found else 0


def estimate(step: Step, tables: Sequence[TableFacts], known: Experience) -> Estimate:
    """The range for one step on these tables."""
    if step.adopted or (not step.sql and step.lane != Lane.BATCH):
        return Estimate(0, 5, "only the books are written")
    if step.transfer is not None:
        return _by_rate(sum(t.rows or 0 for t in tables), _WRITE_RATE, "rows carried page by page")
    if not step.sql:
        return Estimate(None, None, "Python: as long as its code takes")
    if step.label in known.same and step.lane != Lane.BATCH:
        duration, day = known.same[step.label]
        return Estimate(duration / 2, duration * 2, f"took {duration:,.0f} ms here on {day}")
    if step.lane == Lane.INSTANT and any(map(_asks, step.sql)):
        return Estimate(None, None, "a query: as long as it takes")
    if not any(table.state == "populated" for table in tables) and step.lane != Lane.BATCH:
        return _instant(known)
    if step.index is not None:
        return _of_index(step, tables, known)
    if step.lane == Lane.ONLINE:
        return _of_scan(step, tables)
    return _of_rows(step, tables) if step.lane == Lane.BATCH else _instant(known)


def _asks(sql: str) -> bool:
    """Whether a statement reads what a query of its own, or its table, has in rows."""
    words = [token.word for token in tokens(sql) if not token.depth]
    makes = words[:1] == ["CREATE"] and ("TABLE" in words[:4] or "MATERIALIZED" in words[:2])
    return words[0] in ("REFRESH", "ANALYZE") or (makes and "AS" in words)


def rewrite(tables: Sequence[TableFacts]) -> Estimate:
    """The range for copying a table with its indexes."""
    return _by_rate(sum(t.size + t.index_size for t in tables), _REWRITE_RATE, "a copy of the whole table")


def _instant(known: Experience) -> Estimate:
    if len(known.instant_ms) < _FEW:
        return Estimate(*_INSTANT_MS, "a change of the catalog only")
    cuts = quantiles(known.instant_ms, n=20)
    return Estimate(cuts[0], cuts[-1], f"{len(known.instant_ms):,} such steps here (5 to 95 %)")


def _of_index(step: Step, tables: Sequence[TableFacts], known: Experience) -> Estimate:
    assert step.index is not None
    if step.index.drop:
        return Estimate(1, 50, "a change of the catalog, and the wait for transactions that use the table")
    size = sum(table.size for table in tables)
    if len(known.index_rates) >= _FEW:
        rates = min(known.index_rates) / 2, max(known.index_rates) * 2
        return _by_rate(size, rates, f"{len(known.index_rates)} index builds of this database")
    return _by_rate(size, _INDEX_RATE, "two scans and a sort, from the size of the table")


def _of_scan(step: Step, tables: Sequence[TableFacts]) -> Estimate:
    if not step.transactional:
        return Estimate(None, None, "a statement that runs outside of transactions")
    size, rows = max(t.size for t in tables), max(t.rows or 0 for t in tables)
    by_size = _by_rate(size, _SCAN_RATE, "one scan, from the size of the table")
    by_rows = _by_rate(rows, _KEY_RATE, "")
    return Estimate(by_size.low_ms, max(by_size.high_ms or 0, by_rows.high_ms or 0), by_size.basis)


def _of_rows(step: Step, tables: Sequence[TableFacts]) -> Estimate:
    if tables and not any(table.state == "populated" for table in tables):
        return Estimate(1, 50, "rows of tables that are new or empty")
    words = {next(iter(tokens(sql))).word for sql in step.sql}
    writes = {"UPDATE", "DELETE"} | ({"WITH"} if step.locks else set())
    if words <= writes and any(table.rows for table in tables):
        return _by_rate(sum(t.rows or 0 for t in tables), _WRITE_RATE, "every row written once, at most")
    return Estimate(None, None, "data statements: as long as they take")


def _by_rate(amount: float, rate: tuple[float, float], basis: str) -> Estimate:
    slow, fast = rate
    return Estimate(1 + amount / fast * 1000, 20 + amount / slow * 1000, basis)

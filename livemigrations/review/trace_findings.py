"""What is dangerous in a trace: pure functions over its statements and the tables of the source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, groupby

from livemigrations.review.traced import DANGER, NOTE, STRONG, Finding, SourceTable, TracedStatement
from livemigrations.review.words import plural, size
from livemigrations.statements.parse import parse

_WHO_WAITS = {
    "SHARE": "writers wait",
    "SHARE ROW EXCLUSIVE": "writers wait",
    "EXCLUSIVE": "writers wait",
    "ACCESS EXCLUSIVE": "readers and writers wait",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """What the findings are judged by.

    ``tables`` are those of the source, ``keys`` the pairs (child, parent) of its foreign keys; a table of up to
    ``small`` bytes is over at once. ``deadlock_timeout_ms`` is the server's.
    """

    tables: dict[str, SourceTable]
    keys: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    small: int = 65536
    deadlock_timeout_ms: float = 1000.0

    def severity(self, tables: Iterable[str]) -> str | None:
        """How much work on these tables matters: None if all of them are empty."""
        full = [self.tables[table] for table in tables if table in self.tables and self.tables[table].populated]
        if not full:
            return None
        return DANGER if any(table.size > self.small for table in full) else NOTE

    def told(self, table: str) -> str:
        facts = self.tables[table]
        return f"{table} (about {plural(facts.rows, 'row')}, {size(facts.size)})"

    def strong(self, locks: dict[str, str]) -> dict[str, str]:
        """Those of the locks that stop traffic on tables with rows."""
        return {
            t: mode for t, mode in locks.items() if mode in STRONG and t in self.tables and self.tables[t].populated
        }


def findings(statements: Sequence[TracedStatement], scene: Scene) -> list[Finding]:
    """Everything found, in the order of the statements; what repeats in a migration is said once."""
    found: list[Finding] = []
    for statement in statements:
        found += _work(statement, scene)
        found += _endless(statement, scene)
    found += _long_holds(statements, scene)
    found += _orders(statements, scene)
    return list(
        {(f.kind, f.migration, f.table, f.sql if f.kind in _EACH else ""): f for f in reversed(found)}.values()
    )[::-1]


_EACH = ("rewrite", "index", "scan", "rows")


def _finding(kind: str, severity: str, at: TracedStatement, table: str, text: str) -> Finding:
    return Finding(kind, severity, at.migration, at.step, table, text, at.sql)


# --- work under a strong lock --------------------------------------------------------------------------------------


def _work(statement: TracedStatement, scene: Scene) -> Iterator[Finding]:
    """Copies, index builds, scans and writes while somebody has to wait for them."""
    held = scene.strong(statement.held)
    if not held:
        return
    for table in statement.rewritten:
        if severity := scene.severity([table]):
            text = f"{scene.told(table)} is copied row by row, with its indexes, under {held.get(table, 'a lock')}: {_who(held)}"
            yield _finding("rewrite", severity, statement, table, text)
    for table in sorted(set(statement.built.values()) - set(statement.rewritten)):
        if table in held and (severity := scene.severity([table])):
            names = ", ".join(sorted(name for name, of in statement.built.items() if of == table))
            text = f"{names} is built over {scene.told(table)} under {held[table]}: {_who(held)} for the whole build"
            yield _finding("index", severity, statement, table, text)
    done = {*statement.rewritten, *(t for t in statement.built.values() if t in held)}
    for table in sorted(statement.scanned.keys() - done):
        if severity := scene.severity([table]):
            text = f"every row of {scene.told(table)} is read under {_modes(held)}: {_who(held)}"
            yield _finding("scan", severity, statement, table, text)
    for table in sorted(statement.written.keys() - statement.scanned.keys() - done):
        if (severity := scene.severity([table])) and not _cheap(statement):
            text = f"rows of {scene.told(table)} are written under {_modes(held)}: {_who(held)}"
            yield _finding("rows", severity, statement, table, text)


def _cheap(statement: TracedStatement) -> bool:
    """One row at most for one statement, found by an index."""
    return sum(statement.written.values()) <= statement.times == 1


def _modes(held: dict[str, str]) -> str:
    return ", ".join(f"{mode} on {table}" for table, mode in sorted(held.items()))


def _who(held: dict[str, str]) -> str:
    return _WHO_WAITS["ACCESS EXCLUSIVE" if "ACCESS EXCLUSIVE" in held.values() else "SHARE"]


# --- waiting -------------------------------------------------------------------------------------------------------


def _endless(statement: TracedStatement, scene: Scene) -> Iterator[Finding]:
    """Strong locks that are asked for without a timeout."""
    if statement.lock_timeout_ms:
        return
    for table, mode in scene.strong(statement.locks).items():
        text = (
            f"{mode} on {scene.told(table)} is asked for without a lock_timeout: behind one long transaction it waits"
            " for ever, and all who come after it wait too"
        )
        yield _finding("queue", DANGER, statement, table, text)


def _long_holds(statements: Sequence[TracedStatement], scene: Scene) -> Iterator[Finding]:
    """Strong locks that stay while the transaction goes on with something else."""
    for _, group in groupby(statements, key=lambda one: one.transaction):
        run = list(group)
        first = next((n for n, one in enumerate(run) if scene.strong(one.held)), None)
        if first is None:
            continue
        rest = [one for one in run[first + 1 :] if not one.sql.upper().startswith("LOCK TABLE")]
        held = scene.strong(run[-1].held)
        if len(rest) > 2:
            took = sum(one.duration_ms for one in rest)
            text = f"{_modes(held)} is kept during {len(rest)} more statements ({took:,.1f} ms on the copy)"
            yield _finding("hold", NOTE, run[first], ", ".join(sorted(held)), text)


# --- orders --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Pair:
    """One transaction takes ``first`` and keeps it while it asks for ``then``; ``bounded`` if it soon gives way."""

    first: str
    then: str
    bounded: bool
    at: TracedStatement


def _orders(statements: Sequence[TracedStatement], scene: Scene) -> Iterator[Finding]:
    """Locks taken in an order that can deadlock: against another transaction of the run, or against the application."""
    pairs = [
        pair for _, group in groupby(statements, key=lambda s: s.transaction) for pair in _pairs(list(group), scene)
    ]
    seen = {(pair.first, pair.then): pair for pair in reversed(pairs)}
    for pair in pairs:
        severity = NOTE if pair.bounded else DANGER
        gives_way = " (it gives way before the server looks for deadlocks)" if pair.bounded else ""
        both = f"{pair.first}, then {pair.then}"
        opposite = seen.get((pair.then, pair.first))
        if opposite is not None and pair.first < pair.then:
            text = (
                f"{pair.at.migration} locks {both}, and {opposite.at.migration} the other way round: whichever order the"
                f" application has, it can deadlock with one of them{gives_way}"
            )
            yield _finding("lock-order", severity, pair.at, both, text)
        if (pair.first, pair.then) in scene.keys:
            text = (
                f"locks {both}, while the application, which writes {pair.then} before the rows that refer to it, has them"
                f" in the other order: the two can deadlock{gives_way}"
            )
            yield _finding("key-order", severity, pair.at, both, text)


def _pairs(run: list[TracedStatement], scene: Scene) -> Iterator[_Pair]:
    """Each two tables of one transaction, in the order in which their strong locks came."""
    came: list[tuple[str, TracedStatement]] = []
    for statement in run:
        taken = scene.strong(statement.locks)
        came += [(table, statement) for table in _first_is_target(statement.sql, taken) if table not in dict(came)]
    for (first, _), (then, at) in combinations(came, 2):
        bounded = 0 < at.lock_timeout_ms < scene.deadlock_timeout_ms
        yield _Pair(first, then, bounded, at)


def _first_is_target(sql: str, tables: dict[str, str]) -> list[str]:
    """The tables of one statement: it locks the one that it changes before those that it refers to."""
    targets = [statement.table.plain for statement in parse(sql) if statement.table is not None]
    return sorted(tables, key=lambda table: (table not in targets, table))

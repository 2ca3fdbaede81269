"""What counts as dangerous in a trace, statement by statement, without any database."""

from __future__ import annotations

from typing import Any

import pytest

from livemigrations.review.trace_findings import Scene, findings
from livemigrations.review.trace_samples import mode_of, read_sample, strongest
from livemigrations.review.traced import DANGER, NOTE, Finding, SourceTable, TracedStatement, TraceReport

LARGE, SMALL, EMPTY = SourceTable(True, 10_000, 2**20), SourceTable(True, 10, 8192), SourceTable(False, 0, 8192)
TABLES = {"a": LARGE, "b": LARGE, "small": SMALL, "empty": EMPTY}
SCENE = Scene(TABLES, frozenset({("b", "a")}))
STRONG, WEAK = "ACCESS EXCLUSIVE", "SHARE UPDATE EXCLUSIVE"


def traced(sql: str = "ALTER TABLE x", *, at: str = "1", **values: Any) -> TracedStatement:
    found = TracedStatement("shop.0001", 1, "a step", "instant", sql, at, 1.0, 50.0)
    for name, value in values.items():
        setattr(found, name, value)
    return found


def told(*statements: TracedStatement, scene: Scene = SCENE) -> list[tuple[str, str]]:
    return [(finding.kind, finding.severity) for finding in findings(statements, scene)]


@pytest.mark.parametrize(("table", "severity"), [("a", [DANGER]), ("small", [NOTE]), ("empty", [])])
def test_a_rewrite_counts_by_the_rows_of_the_source(table: str, severity: list[str]) -> None:
    statement = traced(held={table: STRONG}, rewritten=[table], built={"i": table}, scanned={table: 0})
    assert told(statement) == [("rewrite", one) for one in severity]


@pytest.mark.parametrize(
    ("mode", "kinds"), [(STRONG, ["scan"]), ("SHARE", ["scan"]), (WEAK, []), ("ROW EXCLUSIVE", [])]
)
def test_a_scan_counts_under_a_strong_lock(mode: str, kinds: list[str]) -> None:
    assert [kind for kind, _ in told(traced(held={"a": mode}, scanned={"a": 0}))] == kinds


def test_a_scan_of_another_table_counts_as_well() -> None:
    [finding] = findings([traced(held={"a": STRONG}, scanned={"b": 5})], SCENE)
    assert (finding.kind, finding.table) == ("scan", "b")
    assert "ACCESS EXCLUSIVE on a: readers and writers wait" in finding.text
    assert told(traced(held={"empty": STRONG}, scanned={"b": 5})) == []


def test_an_index_counts_unless_it_is_built_beside_the_traffic() -> None:
    assert told(traced(held={"a": "SHARE"}, built={"i": "a"}, scanned={"a": 0})) == [("index", DANGER)]
    assert told(traced(held={"a": WEAK}, built={"i": "a"})) == []
    assert (
        "writers wait for the whole build" in findings([traced(held={"a": "SHARE"}, built={"i": "a"})], SCENE)[0].text
    )


def test_rows_written_under_a_strong_lock() -> None:
    assert told(traced(held={"a": STRONG}, written={"b": 2})) == [("rows", DANGER)]
    assert told(traced(held={"a": STRONG}, written={"b": 1})) == []
    assert told(traced(held={"a": STRONG}, written={"b": 7}, times=7)) == [("rows", DANGER)]


@pytest.mark.parametrize(("timeout", "kinds"), [(0, ["queue"]), (50, []), (2000, [])])
def test_a_strong_lock_without_a_timeout(timeout: float, kinds: list[str]) -> None:
    statement = traced(locks={"a": STRONG}, held={"a": STRONG}, lock_timeout_ms=timeout)
    assert [kind for kind, _ in told(statement)] == kinds
    assert told(traced(locks={"a": WEAK}, lock_timeout_ms=timeout)) == []


@pytest.mark.parametrize(("timeout", "severity"), [(2000, DANGER), (50, NOTE)])
def test_the_order_of_the_application(timeout: float, severity: str) -> None:
    """b refers to a, so the application has a first; a request that soon gives way cannot deadlock."""
    one = traced(locks={"b": STRONG}, held={"b": STRONG}, lock_timeout_ms=timeout)
    two = traced(locks={"a": STRONG}, held={"a": STRONG, "b": STRONG}, lock_timeout_ms=timeout)
    assert told(one, two) == [("key-order", severity)]
    assert told(two, one) == []


def test_without_a_timeout_an_order_can_deadlock() -> None:
    one = traced(locks={"b": STRONG}, held={"b": STRONG}, lock_timeout_ms=0)
    two = traced(locks={"a": STRONG}, held={"a": STRONG, "b": STRONG}, lock_timeout_ms=0)
    assert ("key-order", DANGER) in told(one, two)


def test_one_statement_locks_what_it_changes_first() -> None:
    locks = {"a": "SHARE ROW EXCLUSIVE", "b": "SHARE ROW EXCLUSIVE"}
    key = "ALTER TABLE {} ADD CONSTRAINT k FOREIGN KEY (x) REFERENCES {} (id)"
    assert told(traced(key.format("b", "a"), locks=locks, held=locks, lock_timeout_ms=3000)) == [("key-order", DANGER)]
    assert told(traced(key.format("a", "b"), locks=locks, held=locks, lock_timeout_ms=3000)) == []


def test_two_transactions_in_opposite_orders() -> None:
    def take(table: str, at: str) -> TracedStatement:
        return traced(at=at, locks={table: STRONG}, held={table: STRONG}, lock_timeout_ms=3000)

    scene = Scene(TABLES)
    assert told(take("a", "1"), take("b", "1"), take("b", "2"), take("a", "2"), scene=scene) == [("lock-order", DANGER)]
    assert told(take("a", "1"), take("b", "1"), take("a", "2"), take("b", "2"), scene=scene) == []
    assert told(take("a", "1"), take("b", "2"), take("a", "3"), scene=scene) == []


def test_a_lock_that_is_kept_for_long() -> None:
    rest = [traced(held={"a": STRONG}) for _ in range(3)]
    assert told(traced(locks={"a": STRONG}, held={"a": STRONG}), *rest) == [("hold", NOTE)]
    assert told(traced(locks={"a": STRONG}, held={"a": STRONG}), *rest[:2]) == []


def test_what_repeats_is_said_once() -> None:
    statements = [traced(locks={"a": STRONG}, held={"a": STRONG}, lock_timeout_ms=0, at=str(n)) for n in range(3)]
    assert told(*statements) == [("queue", DANGER)]
    scans = [traced(f"UPDATE {n}", held={"a": STRONG}, scanned={"a": 1}) for n in range(2)]
    assert told(*scans) == [("scan", DANGER)] * 2


def test_the_exit_code() -> None:
    report = TraceReport("default", "live", 180004, 0)
    assert report.exit_code == 0
    report.findings.append(Finding("hold", NOTE, "", "", "", ""))
    assert report.exit_code == 0
    report.stopped = "a failure"
    assert report.exit_code == 1
    report.stopped = ""
    report.findings.append(Finding("scan", DANGER, "", "", "", ""))
    assert (report.exit_code, report.kinds["scan"]) == (1, 1)


def test_modes_as_the_server_names_them() -> None:
    assert mode_of("ShareUpdateExclusiveLock") == "SHARE UPDATE EXCLUSIVE"
    assert strongest([(1, "AccessShareLock"), (1, "AccessExclusiveLock"), (1, "RowShareLock"), (2, "SIReadLock")]) == {
        1: STRONG
    }
    assert read_sample("relation does not exist") is None

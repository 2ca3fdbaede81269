"""Estimates: ranges from sizes, from the journal, and none where nobody can know."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.utils import CaptureQueriesContext

from livemigrations.bookkeeping import ensure_bookkeeping
from livemigrations.engine.steps import IndexTarget, Lane, Step
from livemigrations.review.estimates import Experience, estimate, rewrite
from livemigrations.review.planned import Estimate, TableFacts
from livemigrations.review.words import duration, plural, size

MIB = 2**20
LARGE = TableFacts("a", "populated", 1_000_000, 100 * MIB, 20 * MIB)
NEW = TableFacts("a", "new")
INDEX = Step("index i on a", Lane.ONLINE, ("CREATE …",), transactional=False, index=IndexTarget("i", "", "a", "(n)"))
VALIDATE = Step("validate k on a", Lane.ONLINE, ("ALTER TABLE a VALIDATE CONSTRAINT k",))
COLUMN = Step("column a.n", Lane.INSTANT, ("ALTER TABLE a ADD COLUMN n int",))


def test_an_index_by_the_size_of_its_table() -> None:
    found = estimate(INDEX, [LARGE], Experience())
    assert found.low_ms == pytest.approx(667, abs=2)
    assert found.high_ms == pytest.approx(10_020)
    assert "size of the table" in found.basis
    known = Experience(index_rates=[50 * MIB, 60 * MIB, 70 * MIB])
    better = estimate(INDEX, [LARGE], known)
    assert better.low_ms == pytest.approx(715, abs=2)
    assert better.high_ms == pytest.approx(4020)
    assert better.basis == "3 index builds of this database"


def test_a_step_that_was_measured_here() -> None:
    found = estimate(INDEX, [LARGE], Experience(same={"index i on a": (300.0, "2026-11-20")}))
    assert found == Estimate(150, 600, "took 300 ms here on 2026-11-20")


def test_the_instant_lane() -> None:
    assert estimate(COLUMN, [LARGE], Experience()).high_ms == 20
    found = estimate(COLUMN, [LARGE], Experience(instant_ms=[float(n) for n in range(1, 101)]))
    assert found.low_ms == pytest.approx(5, abs=0.2)
    assert found.high_ms == pytest.approx(96, abs=0.2)
    assert estimate(VALIDATE, [NEW], Experience()).high_ms == 20


@pytest.mark.parametrize(
    ("sql", "known"),
    [
        ("REFRESH MATERIALIZED VIEW a", False),
        ("CREATE TABLE b AS SELECT n FROM a", False),
        ("CREATE MATERIALIZED VIEW b AS SELECT n FROM a", False),
        ("ANALYZE a", False),
        ("CREATE TABLE b (n int, m int GENERATED ALWAYS AS (n) STORED)", True),
        ("CREATE VIEW b AS SELECT n FROM a", True),
    ],
)
def test_nobody_knows_how_long_a_query_takes(sql: str, known: bool) -> None:
    found = estimate(Step("b", Lane.INSTANT, (sql,)), [LARGE], Experience())
    assert (found.high_ms is not None) is known


def test_scans_and_copies() -> None:
    scan, copy = estimate(VALIDATE, [LARGE], Experience()), rewrite([LARGE])
    assert scan.low_ms == pytest.approx(101)
    assert scan.high_ms == pytest.approx(10_020)  # a million keys to look up take longer than the pages
    assert copy.low_ms == pytest.approx(1201)
    assert copy.high_ms == pytest.approx(12_020)


def test_rows() -> None:
    update = Step("rows", Lane.BATCH, ("UPDATE a SET n = 1",))
    assert estimate(update, [LARGE], Experience()).high_ms == pytest.approx(200_020)
    assert estimate(update, [NEW], Experience()).high_ms == 50
    assert estimate(Step("rows", Lane.BATCH, ("SELECT f()",)), [], Experience()).low_ms is None
    assert estimate(Step("python", Lane.BATCH), [], Experience()).high_ms is None
    assert estimate(Step("nothing", Lane.INSTANT), [], Experience()).high_ms == 5


def test_an_index_that_goes_is_not_read() -> None:
    gone = replace(INDEX, index=IndexTarget("i", "", "a", "(n)", drop=True))
    assert estimate(gone, [LARGE], Experience()).high_ms == 50


def test_what_rows_took_says_nothing_of_other_rows() -> None:
    update = Step("rows", Lane.BATCH, ("UPDATE a SET n = 1",))
    known = Experience(same={"rows": (3.0, "2026-11-20")})
    assert estimate(update, [LARGE], known) == estimate(update, [LARGE], Experience())


def test_nobody_knows_how_long_a_statement_of_its_own_takes() -> None:
    vacuum = Step("vacuum a", Lane.ONLINE, ("VACUUM a",), transactional=False)
    assert estimate(vacuum, [LARGE], Experience()).low_ms is None


STEPS = """
CREATE TABLE large (n int, filler text);
INSERT INTO large SELECT g, repeat('x', 1000) FROM generate_series(1, 10000) g;
INSERT INTO livemigrations_run (command, holder) VALUES ('migrate', 'a test');
INSERT INTO livemigrations_step (run_id, app, migration, operation, step, direction, state, outcome, lane, description, digest,
    source, definition, finished_at, duration_ms)
SELECT 1, 'shop', '0001', 0, g, 'forward', 'done', 'done', 'online', 'index ' || g, '', '',
    '{"index": {"schema": "public", "table": "large", "drop": false}}', now(), 1000 FROM generate_series(1, 50) g;
"""


def test_experience_is_read_in_few_queries(connection: BaseDatabaseWrapper) -> None:
    ensure_bookkeeping(connection)
    with connection.cursor() as cursor:
        cursor.execute(STEPS)
    with CaptureQueriesContext(connection) as asked:
        found = Experience.of(connection)
    assert len(found.index_rates) == 50
    assert len(set(found.index_rates)) == 1
    assert found.index_rates[0] > 8 * MIB
    assert len(asked) < 10


SHARED = """
INSERT INTO livemigrations_run (command, holder) VALUES ('migrate', 'a test');
INSERT INTO livemigrations_step (run_id, app, migration, operation, step, direction, state, outcome, lane, description, digest,
    source, definition, finished_at, duration_ms)
SELECT 1, 'shop', '0001', n, 0, 'forward', 'done', 'done', 'instant', 'step ' || n, '', '', '{}',
    clock_timestamp(), (ARRAY[3, 40, NULL, NULL, 5])[n] FROM generate_series(1, 5) n;
"""


def test_a_transaction_of_several_steps_says_nothing_of_one(connection: BaseDatabaseWrapper) -> None:
    ensure_bookkeeping(connection)
    with connection.cursor() as cursor:
        cursor.execute(SHARED)
    found = Experience.of(connection)
    assert sorted(found.instant_ms) == [3, 5]
    assert sorted(found.same) == ["step 1", "step 5"]


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.5, 20, "0.5 to 20 ms"), (100, 2500, "0.1 to 2.5 s"), (60_000, 600_000, "1 to 10 min"),
        (100, 1500, "100 to 1,500 ms"), (None, None, "unknown"), (5, 5, "5 ms"), (3_600_000, 36_000_000, "1 to 10 h"),
    ],
)  # fmt: skip
def test_durations_in_words(low: float | None, high: float | None, words: str) -> None:
    assert duration(Estimate(low, high, "")) == words


def test_sizes_in_words() -> None:
    assert [size(n) for n in (0, 1023, 1536, 20 * 1024, 3 * MIB, 5 * 2**40)] == [
        "0 bytes", "1,023 bytes", "1.5 KiB", "20 KiB", "3 MiB", "5 TiB",
    ]  # fmt: skip
    assert [plural(n, "row") for n in (0, 1, 2000)] == ["0 rows", "1 row", "2,000 rows"]

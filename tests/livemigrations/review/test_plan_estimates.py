"""Estimates: ranges from sizes, from the journal, and none where nobody can know."""

from __future__ import annotations

import pytest

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


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.5, 20, "0.5 to 20 ms"), (100, 2500, "0.1 to 2.5 s"), (60_000, 600_000, "1 to 10 min"),
        (None, None, "unknown"), (5, 5, "5 ms"), (3_600_000, 36_000_000, "1 to 10 h"),
    ],
)  # fmt: skip
def test_durations_in_words(low: float | None, high: float | None, words: str) -> None:
    assert duration(Estimate(low, high, "")) == words


def test_sizes_in_words() -> None:
    assert [size(n) for n in (0, 1023, 1536, 20 * 1024, 3 * MIB, 5 * 2**40)] == [
        "0 bytes", "1,023 bytes", "1.5 KiB", "20 KiB", "3 MiB", "5 TiB",
    ]  # fmt: skip
    assert [plural(n, "row") for n in (0, 1, 2000)] == ["0 rows", "1 row", "2,000 rows"]

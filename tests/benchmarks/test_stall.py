"""What the stall benchmark prints."""

from __future__ import annotations

import pytest

from benchmarks import stall
from benchmarks.measure import Outcome


def outcome(contender: str, stall_ms: float, code: int | None = 0, lacking: tuple[str, ...] = ()) -> Outcome:
    return Outcome(
        scenario="quiet",
        contender=contender,
        exit_code=code,
        lacking=list(lacking),
        seconds=12.5,
        transactions=2500,
        longest_stall=stall_ms,
        p99=10.0,
        p50=1.0,
        quiet_longest=9.5,
        quiet_p99=4.0,
        traffic_errors=[],
        said="",
    )


def test_a_table_compares_each_tool_with_live() -> None:
    runs = [outcome("live", 20), outcome("alembic", 2500, code=None), outcome("django_plain", 50, code=1)]

    (text,) = stall.tables(runs)

    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()[4:]]
    assert [row[:5] for row in rows] == [
        ["live", "done", "12.5", "20.0", "1.00"],
        ["alembic", "not done in time", "12.5", "2,500.0", "125.00"],
        ["django_plain", "failed (1)", "12.5", "50.0", "2.50"],
    ]


def test_success_without_the_schema_is_not_success() -> None:
    assert outcome("alembic", 1, lacking=("locations", "roles")).verdict == "incomplete (2)"


def test_an_unknown_tool_is_refused_before_anything_starts(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        stall.main(["--contenders", "live,flyway"])
    assert "there is no flyway: choose from live, django_plain" in capsys.readouterr().err

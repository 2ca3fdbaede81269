"""Reading pgbench's log."""

from __future__ import annotations

import pytest

from benchmarks.measure import quantile
from benchmarks.traffic import Sample, Traffic, parse

LOG = [
    "0 1 2500 0 1700000010 500000 40",
    "3 7 failed 1 1700000011 0 12",
    "1 2 900 1 1700000012 250000 0",
    "1 3 9",
]


def test_log_lines_become_samples_and_broken_ones_are_left_out() -> None:
    assert list(parse(LOG)) == [Sample(1700000010.5, 2.5), Sample(1700000012.25, 0.9)]


def test_a_transaction_counts_when_any_part_of_it_falls_into_the_span() -> None:
    waited = Sample(end=20.0, latency_ms=8000)
    traffic = Traffic([Sample(9.0, 5), waited, Sample(30.0, 7)], [])

    assert traffic.between(11, 13) == [8000]
    assert traffic.between(21, 25) == []
    assert traffic.between(0, 40) == [5, 7, 8000]


@pytest.mark.parametrize(("part", "value"), [(0.5, 51), (0.99, 100), (1.0, 100)])
def test_quantile(part: float, value: float) -> None:
    assert quantile([float(number) for number in range(1, 101)], part) == value

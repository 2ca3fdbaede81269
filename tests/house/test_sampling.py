"""Samples of long lists: the same for a seed, others for another, and complete when asked."""

from __future__ import annotations

import pytest

from tests.support import sampling
from tests.support.sampling import sample

CASES = range(100)


def test_the_same_seed_draws_the_same_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sampling.SEED, "1")
    first = sample("one", CASES, 5, complete=False)
    assert first == sorted(set(first))
    assert first == sample("one", CASES, 5, complete=False)
    assert first != sample("two", CASES, 5, complete=False)
    assert "TEPPAN_SEED=1 " in sampling.line()
    monkeypatch.setenv(sampling.SEED, "2")
    assert first != sample("one", CASES, 5, complete=False)


def test_all_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sample("one", CASES, 5, complete=True) == list(CASES)
    assert sample("one", [1, 2], 5, complete=False) == [1, 2]


def test_without_a_seed_the_day_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(sampling.SEED, raising=False)
    assert sampling.seed() == sampling.seed() > 700_000
    monkeypatch.delenv(sampling.SEED)

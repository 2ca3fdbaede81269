"""Quiet hours: which times of the day they include."""

from __future__ import annotations

from datetime import time

import pytest

from customers.settings import QUIET_HOURS, QuietHours


@pytest.mark.parametrize(
    ("at", "quiet"),
    [("20:59", False), ("21:00", True), ("23:59", True), ("00:00", True), ("08:59", True), ("09:00", False)],
)
def test_quiet_hours_across_midnight(at: str, quiet: bool) -> None:
    assert QuietHours(time(21), time(9)).include(time.fromisoformat(at)) is quiet


@pytest.mark.parametrize(("at", "quiet"), [("12:59", False), ("13:00", True), ("14:59", True), ("15:00", False)])
def test_quiet_hours_within_a_day(at: str, quiet: bool) -> None:
    assert QuietHours(time(13), time(15)).include(time.fromisoformat(at)) is quiet


def test_equal_times_mean_no_quiet_hours() -> None:
    assert not QuietHours(time(9), time(9)).include(time(9))


def test_the_setting_is_typed(db: None) -> None:
    assert QUIET_HOURS.value() == QuietHours(time(21), time(9))

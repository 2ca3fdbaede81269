"""The cancellation policy: which step counts, and its form in JSON."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bookings.policies import CancellationPolicy, CancellationStep, read_cancellation_policy, write_cancellation_policy

POLICY = CancellationPolicy((CancellationStep(7, Decimal(100)), CancellationStep(3, Decimal("50.5"))))


@pytest.mark.parametrize(("days", "percent"), [(8, "100"), (7, "100"), (6, "50.5"), (3, "50.5"), (2, "0"), (-1, "0")])
def test_the_first_step_whose_notice_is_met_counts(days: int, percent: str) -> None:
    assert POLICY.refund_percent(days) == Decimal(percent)


def test_a_policy_without_steps_refunds_nothing() -> None:
    assert CancellationPolicy(()).refund_percent(100) == 0


def test_a_policy_is_read_as_it_was_written() -> None:
    assert read_cancellation_policy(write_cancellation_policy(POLICY)) == POLICY

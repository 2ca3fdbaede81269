"""The cancellation policy as a typed value, and the JSON form in which it is stored."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.setting_types import json_decimal, json_integer, json_list, json_object

POLICY_SHAPE = (
    'a list such as [{"days_before": 7, "refund_percent": 100}, {"days_before": 3, "refund_percent": 50}] '
    "with falling days_before (0 to 730) and refund_percent from 0 to 100; an empty list refunds nothing"
)


@dataclass(frozen=True, slots=True)
class CancellationStep:
    """A cancellation at least ``days_before`` days before the event returns ``refund_percent`` of the deposit."""

    days_before: int
    refund_percent: Decimal


@dataclass(frozen=True, slots=True)
class CancellationPolicy:
    """The steps of a policy, the longest notice first."""

    steps: tuple[CancellationStep, ...]

    def refund_percent(self, days_before: int) -> Decimal:
        """Return the percentage of the first step whose notice is met; 0 if none is, or after the event."""
        return next((step.refund_percent for step in self.steps if days_before >= step.days_before), Decimal(0))


def read_cancellation_policy(stored: Any) -> CancellationPolicy:
    """Return the policy of parsed JSON. Raises ``ValueError`` that names the entry that is wrong."""
    steps: list[CancellationStep] = []
    for number, entry in enumerate(json_list(stored, "The policy"), 1):
        values = json_object(entry, f"Step {number}", {"days_before", "refund_percent"})
        days = json_integer(values["days_before"], f"days_before of step {number}", 0, 730)
        percent = json_decimal(values["refund_percent"], f"refund_percent of step {number}", 0, 100)
        if steps and days >= steps[-1].days_before:
            raise ValueError(f"days_before of step {number} is {days}, not less than that of the step before.")
        steps.append(CancellationStep(days, percent))
    return CancellationPolicy(tuple(steps))


def write_cancellation_policy(policy: CancellationPolicy) -> list[dict[str, Any]]:
    """Return the policy as it is stored in JSON."""
    return [{"days_before": step.days_before, "refund_percent": step.refund_percent} for step in policy.steps]

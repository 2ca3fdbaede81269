"""The settings of the loyalty programme, as their users read them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from payments.models import LoyaltyPoints
from payments.settings import EXPIRY_MONTHS, POINTS_PER_CREDIT_UNIT, TIER_MULTIPLIERS, TIER_THRESHOLDS


def test_values_by_tier_are_exact_and_cannot_be_changed(db: None) -> None:
    multipliers = TIER_MULTIPLIERS.value()
    assert multipliers[LoyaltyPoints.Tier.SILVER] == Decimal("1.25")
    assert set(multipliers) == set(LoyaltyPoints.Tier)
    with pytest.raises(TypeError):
        multipliers[LoyaltyPoints.Tier.SILVER] = Decimal(9)  # type: ignore[index]  # the assignment is the test


def test_thresholds_rise_from_silver_to_platinum(db: None) -> None:
    assert list(TIER_THRESHOLDS.value().values()) == [2000, 5000, 10000]


def test_numbers_are_integers(db: None) -> None:
    assert (POINTS_PER_CREDIT_UNIT.value(), EXPIRY_MONTHS.value()) == (100, 24)

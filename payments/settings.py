"""The runtime settings of the loyalty programme."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from core.setting_types import decimal_number, json_decimal, json_integer, json_object, json_value, whole_number
from core.settings import declare
from payments.models import LoyaltyPoints

Tier = LoyaltyPoints.Tier
_ABOVE_BRONZE = (Tier.SILVER, Tier.GOLD, Tier.PLATINUM)


def _read_multipliers(stored: Any) -> Mapping[LoyaltyPoints.Tier, Decimal]:
    values = json_object(stored, "The object", set(Tier.values))
    return MappingProxyType({tier: json_decimal(values[tier], f'"{tier}"', 0, 100) for tier in Tier})


def _read_thresholds(stored: Any) -> Mapping[LoyaltyPoints.Tier, int]:
    values = json_object(stored, "The object", {str(tier) for tier in _ABOVE_BRONZE})
    thresholds = {tier: json_integer(values[tier], f'"{tier}"', 1, 1_000_000_000) for tier in _ABOVE_BRONZE}
    for lower, higher in pairwise(_ABOVE_BRONZE):
        if thresholds[lower] >= thresholds[higher]:
            raise ValueError(f'"{higher}" is {thresholds[higher]}, not more than "{lower}" ({thresholds[lower]}).')
    return MappingProxyType(thresholds)


def _write(by_tier: Mapping[LoyaltyPoints.Tier, Any]) -> dict[str, Any]:
    return {str(tier): number for tier, number in by_tier.items()}


POINTS_PER_CURRENCY_UNIT = declare(
    "loyalty.points_per_currency_unit",
    decimal_number(0, 10_000, "points"),
    default=Decimal(1),
    description="Points earned for each unit of currency spent.",
)

TIER_MULTIPLIERS = declare(
    "loyalty.tier_multipliers",
    json_value(
        'an object with a number from 0 to 100 for each tier: {"bronze": 1, "silver": 1.25, "gold": 1.5, "platinum": 2}',
        read=_read_multipliers,
        write=_write,
    ),
    default=MappingProxyType(
        {Tier.BRONZE: Decimal(1), Tier.SILVER: Decimal("1.25"), Tier.GOLD: Decimal("1.5"), Tier.PLATINUM: Decimal(2)}
    ),
    description="Factor on the points earned, by tier.",
)

TIER_THRESHOLDS = declare(
    "loyalty.tier_thresholds",
    json_value(
        'an object with rising whole numbers from 1 on: {"silver": 2000, "gold": 5000, "platinum": 10000}',
        read=_read_thresholds,
        write=_write,
    ),
    default=MappingProxyType({Tier.SILVER: 2000, Tier.GOLD: 5000, Tier.PLATINUM: 10000}),
    description="Points earned within twelve months that lift a customer into a tier.",
)

POINTS_PER_CREDIT_UNIT = declare(
    "loyalty.points_per_credit_unit",
    whole_number(1, 1_000_000, "points"),
    default=100,
    description="Points that pay for one unit of currency.",
)

EXPIRY_MONTHS = declare(
    "loyalty.expiry_months",
    whole_number(1, 600, "months"),
    default=24,
    description="Months after which unused points expire.",
)

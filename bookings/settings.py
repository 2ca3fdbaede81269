"""The runtime settings of bookings: what a booking costs in advance, when it expires, and what reminds of it.

A location may replace the deposit, cancellation and reminder policies, and the deposit decides whether a booking can be
confirmed. The deposit settings are therefore declared here and not in ``payments``.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from bookings.models import BookingReminder
from bookings.policies import (
    POLICY_SHAPE,
    CancellationPolicy,
    CancellationStep,
    read_cancellation_policy,
    write_cancellation_policy,
)
from core.setting_types import boolean, choice, decimal_number, json_integer, json_list, json_value, text, whole_number
from core.settings import declare

_YEAR = 8760


def _read_offsets(stored: Any) -> tuple[int, ...]:
    entries = json_list(stored, "The list of offsets")
    offsets = tuple(json_integer(entry, f"Offset {number}", 1, _YEAR) for number, entry in enumerate(entries, 1))
    if len(set(offsets)) < len(offsets):
        raise ValueError("An offset occurs twice.")
    return offsets


CURRENCY = declare(
    "bookings.currency",
    text(
        "an ISO 4217 code of three capital letters, such as USD",
        check=lambda code: re.fullmatch(r"[A-Z]{3}", code) is not None,
    ),
    default="USD",
    description="Currency of new bookings, as an ISO code.",
)

PENDING_EXPIRES_HOURS = declare(
    "bookings.pending_expires_hours",
    whole_number(1, _YEAR, "hours"),
    default=48,
    description="Hours after which an unconfirmed booking expires.",
)

CANCELLATION_POLICY = declare(
    "cancellation.policy",
    json_value(POLICY_SHAPE, read=read_cancellation_policy, write=write_cancellation_policy),
    default=CancellationPolicy((CancellationStep(7, Decimal(100)), CancellationStep(3, Decimal(50)))),
    description="Share of the deposit that is paid back, by days before the event; the first that fits counts.",
)

DEPOSITS_REQUIRED = declare(
    "deposits.required",
    boolean(),
    default=True,
    description="Whether a booking needs a deposit before it is confirmed.",
)

DEPOSIT_PERCENT = declare(
    "deposits.percent",
    decimal_number(0, 100, "percent"),
    default=Decimal(20),
    description="Deposit in percent of the booking's total.",
)

DEPOSIT_MINIMUM_AMOUNT = declare(
    "deposits.minimum_amount",
    decimal_number(0, 1_000_000, "units of the currency"),
    default=Decimal("100.00"),
    description="Smallest deposit, in the booking's currency.",
)

REMINDERS_ENABLED = declare(
    "reminders.enabled",
    boolean(),
    default=True,
    description="Whether reminders are sent at all.",
)

REMINDER_OFFSETS_HOURS = declare(
    "reminders.offsets_hours",
    json_value(
        f"a list of different whole numbers from 1 to {_YEAR} such as [168, 72, 24]; an empty list sends none",
        read=_read_offsets,
        write=list,
    ),
    default=(168, 72, 24),
    description="Hours before the event at which reminders are due.",
)

REMINDER_DEFAULT_TYPE = declare(
    "reminders.default_type",
    choice(BookingReminder.Type),
    default=BookingReminder.Type.BOTH,
    description="email, sms or both, where the customer has no preference.",
)

WAITLIST_OFFER_HOURS = declare(
    "waitlist.offer_hours",
    whole_number(1, _YEAR, "hours"),
    default=24,
    description="Hours for which a freed place is held for whoever is offered it.",
)

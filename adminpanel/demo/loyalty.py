"""Demo loyalty points: a ledger, and figures that are its sum."""

from __future__ import annotations

from datetime import timedelta

from adminpanel.demo.dice import dice, key
from bookings.models import Booking
from payments.models import LoyaltyPoints, LoyaltyTransaction

_TIERS = ((10_000, "platinum"), (5_000, "gold"), (2_000, "silver"), (0, "bronze"))


def loyalty(made: list[Booking]) -> tuple[list[LoyaltyPoints], list[LoyaltyTransaction]]:
    """A point for each unit of currency of completed bookings; some redeemed in portions of 500. Unsaved."""
    roll = dice("loyalty")
    accounts: dict[object, LoyaltyPoints] = {}
    ledger = []
    completed = (one for one in made if one.status == Booking.Status.COMPLETED)
    for booking in sorted(completed, key=lambda one: one.event_starts_at):
        account = accounts.setdefault(
            booking.customer_id,
            LoyaltyPoints(
                id=key("loyalty", str(booking.customer_id)),
                customer_id=booking.customer_id,
                points_earned=0,
                points_redeemed=0,
            ),
        )
        changes = [(int(booking.total_amount), "Event completed")]
        if roll.random() < 0.15:
            changes.append((-500, "Redeemed as credit"))
        for number, (change, reason) in enumerate(changes):
            ledger.append(_book(account, booking, number, change, reason))
    for account in accounts.values():
        account.tier = next(tier for least, tier in _TIERS if (account.points_earned or 0) >= least)
    return list(accounts.values()), ledger


def _book(account: LoyaltyPoints, booking: Booking, number: int, change: int, reason: str) -> LoyaltyTransaction:
    at = booking.event_starts_at + timedelta(hours=4 + number)
    account.points += change
    if change > 0:
        account.points_earned = (account.points_earned or 0) + change
        account.last_earned_at = at
    else:
        account.points_redeemed = (account.points_redeemed or 0) - change
        account.last_redeemed_at = at
    return LoyaltyTransaction(
        id=key("ledger", f"{booking.pk}/{number}"),
        customer_id=booking.customer_id,
        loyalty_points_id=account.pk,
        points_change=change,
        reason=reason,
        booking_id=booking.pk,
        created_at=at,
    )

"""Demo deposits, payments, payment methods and events from Stripe."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from adminpanel.demo.dice import dice, key
from bookings.models import Booking
from customers.models import Customer
from payments.models import Deposit, Payment, PaymentMethod, StripeEvent

_SHARE = Decimal("0.20")
_LEAST = Decimal("100.00")


def deposits(made: list[Booking]) -> list[Deposit]:
    """One deposit of a fifth for each booking, in the state that the booking implies, unsaved."""
    roll = dice("deposits")
    rows = []
    for booking in made:
        status = _deposit_status(booking.status, roll.random())
        asked = booking.created_at or booking.event_starts_at
        paid = asked + timedelta(hours=roll.randrange(1, 30))
        rows.append(
            Deposit(
                id=key("deposit", str(booking.pk)),
                booking_id=booking.pk,
                amount=deposit_amount(booking),
                status=status,
                stripe_payment_intent_id=f"pi_demo_deposit_{booking.pk.hex[:12]}",
                paid_at=paid if status in ("confirmed", "refunded") else None,
                refunded_at=paid + timedelta(days=1) if status == "refunded" else None,
                cancelled_at=paid if status == "cancelled" else None,
                failure_reason="Your card was declined." if status == "failed" else None,
                created_at=asked,
            )
        )
    return rows


def payments(made: list[Booking]) -> list[Payment]:
    """The rest of the price for each completed booking, paid at the event, unsaved."""
    roll = dice("payments")
    rows = []
    for booking in (one for one in made if one.status == Booking.Status.COMPLETED):
        method = roll.choice(("card", "card", "card", "cash", "zelle", "venmo"))
        paid = booking.event_starts_at + timedelta(hours=3)
        rows.append(
            Payment(
                id=key("payment", str(booking.pk)),
                booking_id=booking.pk,
                amount=booking.total_amount - deposit_amount(booking),
                method=method,
                status=Payment.Status.SUCCEEDED,
                stripe_payment_intent_id=f"pi_demo_{booking.pk.hex[:16]}" if method == "card" else None,
                paid_at=paid,
                created_at=paid,
            )
        )
    return rows


def payment_methods(customers: list[Customer]) -> list[PaymentMethod]:
    """A card for every second customer, unsaved."""
    roll = dice("payment methods")
    return [
        PaymentMethod(
            id=key("method", str(customer.pk)),
            customer_id=customer.pk,
            type=PaymentMethod.Type.CARD,
            stripe_payment_method_id=f"pm_demo_{customer.pk.hex[:16]}",
            card_brand=roll.choice(("visa", "mastercard", "amex")),
            card_last4=f"{roll.randrange(10000):04}",
            is_default=True,
        )
        for customer in customers[::2]
    ]


def stripe_events(rows: list[Payment]) -> list[StripeEvent]:
    """The success of each payment by card as Stripe reported it, the last one not handled yet, unsaved."""
    cards = [row for row in rows if row.stripe_payment_intent_id]
    return [
        StripeEvent(
            id=key("event", str(row.pk)),
            event_id=f"evt_demo_{row.pk.hex[:16]}",
            type="payment_intent.succeeded",
            payload={"data": {"object": {"id": row.stripe_payment_intent_id, "amount": int(row.amount * 100)}}},
            received_at=_paid(row),
            processed_at=None if row is cards[-1] else _paid(row) + timedelta(seconds=1),
        )
        for row in cards
    ]


def deposit_amount(booking: Booking) -> Decimal:
    """A fifth of the price, at least 100.00."""
    return max((booking.total_amount * _SHARE).quantize(Decimal("0.01")), _LEAST)


def _deposit_status(booking_status: str, chance: float) -> str:
    match booking_status:
        case "pending":
            return "failed" if chance < 0.15 else "pending"
        case "cancelled":
            return "refunded" if chance < 0.6 else "cancelled"
    return "confirmed"


def _paid(row: Payment) -> datetime:
    assert row.paid_at is not None
    return row.paid_at

"""Balances of a booking or a customer by currency: total, paid, refunded and due."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Case, CharField, F, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, Upper

from bookings.models import Booking
from payments.models import Deposit, Payment

_CANCELLED = Booking.Status.CANCELLED


@dataclass(frozen=True)
class Balance:
    """The sums in one currency.

    ``total`` counts the bookings that were not cancelled. ``deposits`` and ``payments`` were received and not
    refunded. ``on_cancelled`` is the part of them that belongs to cancelled bookings, which pays for no other booking.
    """

    currency: str
    total: Decimal = Decimal(0)
    deposits: Decimal = Decimal(0)
    payments: Decimal = Decimal(0)
    refunds: Decimal = Decimal(0)
    on_cancelled: Decimal = Decimal(0)

    @property
    def due(self) -> Decimal:
        """The amount that is still to be paid; a negative amount was overpaid."""
        return self.total - (self.deposits + self.payments - self.on_cancelled)


def booking_balances(booking_id: UUID) -> list[Balance]:
    """Return the balances of one booking, one per currency, in one query."""
    return _balances(Q(pk=booking_id), Q(booking=booking_id))


def customer_balances(customer_id: UUID) -> list[Balance]:
    """Return the balances of all bookings of one customer, one per currency, in one query."""
    return _balances(Q(customer=customer_id), Q(booking__customer=customer_id))


def _balances(of_bookings: Q, of_money: Q) -> list[Balance]:
    sums: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for currency, kind, cancelled, amount in _sums(of_bookings, of_money):
        line = sums[currency]
        if kind == "total" and cancelled:
            continue
        line[kind] += amount
        if cancelled and kind in ("deposits", "payments"):
            line["on_cancelled"] += amount
    return [Balance(currency, **line) for currency, line in sorted(sums.items())]


def _sums(of_bookings: Q, of_money: Q) -> Any:
    received: list[tuple[QuerySet[Any], str, str]] = [
        (Deposit.objects.filter(of_money), Deposit.Status.CONFIRMED, "deposits"),
        (Payment.objects.filter(of_money), Payment.Status.SUCCEEDED, "payments"),
    ]
    totals = _grouped(Booking.objects.filter(of_bookings), _text("total"), "total_amount", "status")
    parts = []
    for rows, status, name in received:
        kind = Case(When(status="refunded", then=_text("refunds")), default=_text(name))
        parts.append(_grouped(rows.filter(status__in=[status, "refunded"]), kind, "amount", "booking__status"))
    return totals.union(*parts, all=True)


def _grouped(rows: QuerySet[Any], kind: Any, amount: str, booking_status: str) -> Any:
    cancelled = Case(When(**{booking_status: _CANCELLED}, then=Value(True)), default=Value(False))
    grouped = (
        rows.order_by()
        .annotate(
            sum_currency=Upper(Coalesce(F("currency"), Value("USD"))),
            sum_kind=kind,
            sum_cancelled=cancelled,
        )
        .values("sum_currency", "sum_kind", "sum_cancelled")
        .annotate(sum_amount=Sum(amount))
    )
    return grouped.values_list("sum_currency", "sum_kind", "sum_cancelled", "sum_amount")


def _text(value: str) -> Value:
    return Value(value, output_field=CharField())

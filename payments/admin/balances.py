"""The balance on the pages of bookings and customers."""

from __future__ import annotations

from decimal import Decimal

from bookings.models import Booking
from core.admin.display import money
from core.admin.links import Figure, Figures, figures_for
from customers.models import Customer
from payments.models import Deposit, Payment
from payments.selectors.balances import Balance, booking_balances, customer_balances


@figures_for(Booking, Deposit, Payment)
def booking_balance(booking: Booking) -> Figures:
    """Return what is paid and due for the booking."""
    return Figures("Balance", _lines(booking_balances(booking.pk)))


@figures_for(Customer, Booking, Deposit, Payment)
def customer_balance(customer: Customer) -> Figures:
    """Return what is paid and due for all bookings of the customer."""
    return Figures("Balance", _lines(customer_balances(customer.pk)))


def _lines(balances: list[Balance]) -> list[Figure]:
    lines = [line for one in balances for line in _of(one)]
    return lines or [Figure("Balance due", money(Decimal(0), "USD"), important=True)]


def _of(one: Balance) -> list[Figure]:
    def line(label: str, amount: Decimal, important: bool = False) -> Figure:
        return Figure(label, money(amount, one.currency), important)

    lines = [
        line("Total", one.total),
        line("Deposits paid", one.deposits),
        line("Payments", one.payments),
        line("Refunds", one.refunds),
    ]
    if one.on_cancelled:
        lines.append(line("Paid for cancelled bookings", one.on_cancelled))
    return [*lines, line("Overpaid" if one.due < 0 else "Balance due", abs(one.due), important=True)]

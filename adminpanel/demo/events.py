"""Demo bookings around today, the series that some belong to, and their reminders."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from adminpanel.demo.dice import dice, key
from adminpanel.demo.people import CUSTOMERS
from adminpanel.demo.places import ZONE, locations
from bookings.models import Booking, BookingReminder, Location, RecurringBooking
from customers.models import Customer

BOOKINGS = 600
SERIES = 12
_DAYS_BACK, _DAYS_AHEAD = 75, 60
_ADULT, _CHILD, _LEAST = Decimal(55), Decimal(30), Decimal(550)
_REQUESTS = (
    "No shellfish.",
    "Three vegetarians.",
    "Birthday: please bring a candle.",
    "Gluten-free soy sauce.",
)


def series(now: datetime) -> list[RecurringBooking]:
    """Twelve recurring bookings, unsaved; two of them are paused."""
    patterns, kitchens = RecurringBooking.Pattern.values, locations()
    return [
        RecurringBooking(
            id=key("series", number),
            customer_id=key("customer", number),
            recurrence_pattern=patterns[number % 3],
            start_date=(now - timedelta(days=70 - number)).date(),
            max_occurrences=24,
            booking_template_json={
                "guests_adult": 10 + number,
                "guests_child": 2,
                "time": "18:00",
                "location_id": str(kitchens[number % len(kitchens)].pk),
            },
            is_active=number % 6 != 5,
            created_bookings_count=sum(1 for one in range(BOOKINGS) if _series_of(one) == number),
        )
        for number in range(SERIES)
    ]


def bookings(now: datetime, customers: list[Customer]) -> list[Booking]:
    """Six hundred bookings from 75 days ago to 60 days ahead, unsaved; no kitchen is over its capacity."""
    roll, kitchens = dice("bookings"), locations()
    taken: dict[tuple[object, ...], int] = {}
    made: list[Booking] = []
    while len(made) < BOOKINGS:
        number = len(made)
        in_series = _series_of(number)
        customer = customers[roll.randrange(CUSTOMERS) if in_series is None else in_series]
        kitchen = next(one for one in kitchens if one.address_city == customer.address_city)
        adults, children = roll.randrange(10, 32), roll.randrange(0, 7)
        starts = _start(now, roll)
        place = (kitchen.pk, starts.astimezone(ZONE).date())
        if taken.get(place, 0) + adults + children > (kitchen.capacity or 0):
            continue
        booking = _booking(number, customer, kitchen, starts, (adults, children), now, roll)
        if booking.status != Booking.Status.CANCELLED:
            taken[place] = taken.get(place, 0) + adults + children
        made.append(booking)
    return made


def reminders(now: datetime, made: list[Booking]) -> list[BookingReminder]:
    """Reminders a week, three days and one day before each confirmed or completed event, unsaved."""
    roll = dice("reminders")
    kept = (Booking.Status.CONFIRMED, Booking.Status.COMPLETED)
    rows = []
    for booking in (one for one in made if one.status in kept):
        for hours in (168, 72, 24):
            due = booking.event_starts_at - timedelta(hours=hours)
            failed = roll.random() < 0.03
            past = due <= now
            status = BookingReminder.Status.PENDING
            if past:
                status = BookingReminder.Status.FAILED if failed else BookingReminder.Status.SENT
            rows.append(
                BookingReminder(
                    id=key("reminder", f"{booking.pk}/{hours}"),
                    booking_id=booking.pk,
                    reminder_type=roll.choice(BookingReminder.Type.values),
                    scheduled_for=due,
                    sent_at=due + timedelta(seconds=20) if past and not failed else None,
                    status=status,
                    message="We look forward to cooking for you.",
                    error_message="The number does not take text messages." if past and failed else None,
                )
            )
    return rows


def _series_of(number: int) -> int | None:
    return number // 10 % SERIES if number % 10 == 0 else None


def _start(now: datetime, roll: Random) -> datetime:
    day = now.astimezone(ZONE) + timedelta(days=roll.randrange(-_DAYS_BACK, _DAYS_AHEAD + 1))
    return day.replace(hour=roll.choice((12, 16, 17, 18, 19)), minute=roll.choice((0, 30)), second=0, microsecond=0)


def _booking(
    number: int,
    customer: Customer,
    kitchen: Location,
    starts: datetime,
    guests: tuple[int, int],
    now: datetime,
    roll: Random,
) -> Booking:
    in_series = _series_of(number)
    past = ("completed",) * 8 + ("cancelled", "no_show")
    ahead = ("confirmed",) * 7 + ("pending", "pending", "cancelled")
    made = min(starts, now) - timedelta(days=roll.randrange(3, 40), minutes=roll.randrange(1440))
    return Booking(
        id=key("booking", number),
        customer_id=customer.pk,
        location_id=kitchen.pk,
        recurrence_id=None if in_series is None else key("series", in_series),
        event_starts_at=starts,
        guests_adult=guests[0],
        guests_child=guests[1],
        address_street=customer.address_street,
        address_city=customer.address_city,
        address_state=customer.address_state,
        address_zip=customer.address_zip,
        status=roll.choice(past if starts < now else ahead),
        total_amount=max(guests[0] * _ADULT + guests[1] * _CHILD, _LEAST),
        special_requests=roll.choice(_REQUESTS) if roll.random() < 0.2 else None,
        created_at=made,
    )

"""The badge of a status in lists."""

from __future__ import annotations

from typing import get_args

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from adminpanel.models import AdminUser
from bookings.models import Booking, BookingReminder
from core.admin.badges import COLOURS, status_badge
from core.status import Colour, StatusChoices
from customers.models import Customer
from payments.models import Deposit, LoyaltyPoints, Payment

ENUMS: list[type[StatusChoices]] = [
    Booking.Status,
    BookingReminder.Status,
    Deposit.Status,
    Payment.Status,
    LoyaltyPoints.Tier,
]


@pytest.mark.parametrize("enum", ENUMS, ids=lambda enum: enum.__qualname__)
def test_every_status_has_a_colour_that_the_theme_knows(enum: type[StatusChoices]) -> None:
    assert set(enum.colours()) == set(enum)
    assert set(enum.colours().values()) <= set(get_args(Colour.__value__)) <= set(COLOURS)


def test_a_badge_has_the_label_and_the_colour() -> None:
    badge = status_badge()
    assert badge(Booking(status="no_show")) == ("danger", "No-show")
    assert badge(Booking(status="lost")) == ("grey", "lost")
    assert status_badge("tier")(LoyaltyPoints(tier=None)) == ("grey", "-")
    assert (badge.__name__, badge.short_description, badge.admin_order_field) == ("status", "Status", "status")  # type: ignore[attr-defined]  # set by display


@pytest.mark.django_db
def test_the_list_shows_and_sorts_it(client: Client) -> None:
    boss = AdminUser.objects.create_user("boss@example.com", "Boss", "x", is_superuser=True, last_login=timezone.now())
    client.force_login(boss)
    ana = Customer.objects.create(email="ana@example.com", full_name="Ana")
    for status in ("no_show", "lost"):
        Booking.objects.create(customer=ana, event_starts_at=timezone.now(), guests_adult=2, status=status)
    page = client.get(reverse("admin:bookings_booking_changelist"), {"o": "5"})
    assert page.status_code == 200
    text = page.content.decode()
    assert "bg-red-100" in text
    assert "No-show" in text
    assert "lost" in text
    assert "column-status" in text

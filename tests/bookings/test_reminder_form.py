"""A reminder can be changed or cancelled while it is pending; afterwards it is a record."""

from __future__ import annotations

import pytest
from django.test import Client

from bookings.models import BookingReminder, Location
from bookings.services.reminders import cancel_reminder
from core.actors import system
from core.clock import now
from core.errors import TransitionRefused
from customers.models import Customer
from tests.bookings.conftest import book, evening
from tests.support.pages import form_values

RECORDS = ["sent", "failed", "cancelled"]


@pytest.fixture
def reminder(guest: Customer, kitchen: Location) -> BookingReminder:
    """A pending reminder, a week before the event."""
    booking = book(guest, kitchen, 12)
    return BookingReminder.objects.create(
        booking=booking, reminder_type="email", scheduled_for=evening(14), message="See you soon."
    )


def address(reminder: BookingReminder, page: str) -> str:
    return f"/admin/bookings/bookingreminder/{reminder.pk}/{page}/"


def opened(client: Client, reminder: BookingReminder) -> dict[str, str]:
    return form_values(client.get(address(reminder, "change")).text, "bookingreminder_form")


def test_time_and_message_of_a_pending_reminder_can_be_changed_and_nothing_else(
    browser: Client, reminder: BookingReminder, guest: Customer, kitchen: Location
) -> None:
    other = book(guest, kitchen, 5)
    values = opened(browser, reminder)
    assert {"booking", "reminder_type", "status", "sent_at"} & set(values) == set()
    forged = {"status": "sent", "reminder_type": "sms", "booking": str(other.pk), "message": "New text"}
    changed = values | forged | {"scheduled_for_1": "09:15"}
    assert browser.post(address(reminder, "change"), changed).status_code == 302
    row = BookingReminder.objects.get()
    assert (row.message, row.scheduled_for) == ("New text", evening(14, hour=9).replace(minute=15))
    assert (row.status, row.reminder_type, row.booking_id) == ("pending", "email", reminder.booking_id)


@pytest.mark.parametrize("status", RECORDS)
def test_a_reminder_that_is_not_pending_cannot_be_edited_deleted_or_cancelled(
    browser: Client, reminder: BookingReminder, status: str
) -> None:
    BookingReminder.objects.update(status=status)
    before = list(BookingReminder.objects.values())
    page = browser.get(address(reminder, "change")).text
    assert 'name="message"' not in page
    assert 'name="_save"' not in page
    assert address(reminder, "delete") not in page
    assert address(reminder, "cancel") not in page
    forged = {"status": "pending", "message": "x", "scheduled_for_0": "2031-01-01", "scheduled_for_1": "10:00"}
    assert browser.post(address(reminder, "change"), forged).status_code == 403
    assert browser.post(address(reminder, "delete"), {"post": "yes"}).status_code == 403
    refused = browser.post(address(reminder, "cancel"), {"_form_submitted": "on", "reason": ""}, follow=True)
    assert f"cannot be cancelled, because it is {status}" in refused.text
    assert list(BookingReminder.objects.values()) == before


def test_a_reminder_sent_while_its_form_was_open_is_explained(browser: Client, reminder: BookingReminder) -> None:
    values = opened(browser, reminder)
    BookingReminder.objects.update(status="sent", sent_at=now())
    response = browser.post(address(reminder, "change"), values | {"message": "Too late"}, follow=True)
    assert "was changed after you opened the form and can no longer be edited" in response.text
    assert BookingReminder.objects.get().message == "See you soon."


def test_a_pending_reminder_can_be_cancelled(browser: Client, reminder: BookingReminder) -> None:
    assert address(reminder, "cancel") in browser.get(address(reminder, "change")).text
    assert "Cancel this reminder?" in browser.get(address(reminder, "cancel")).text
    assert BookingReminder.objects.get().status == "pending"
    browser.post(address(reminder, "cancel"), {"_form_submitted": "on", "reason": "Called"})
    assert BookingReminder.objects.get().status == "cancelled"
    with pytest.raises(TransitionRefused):
        cancel_reminder(reminder_id=reminder.pk, actor=system(), at=now())


def test_a_new_reminder_is_pending(browser: Client, guest: Customer, kitchen: Location) -> None:
    booking = book(guest, kitchen, 12)
    data = {
        "booking": str(booking.pk),
        "reminder_type": "sms",
        "scheduled_for_0": f"{evening(14):%Y-%m-%d}",
        "scheduled_for_1": "10:00",
        "message": "",
        "status": "sent",
    }
    assert browser.post("/admin/bookings/bookingreminder/add/", data).status_code == 302
    assert BookingReminder.objects.get().status == "pending"

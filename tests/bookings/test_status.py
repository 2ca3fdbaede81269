"""The status of a booking: the table of transitions, the buttons, and two people who press one at once."""

from __future__ import annotations

import threading
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client

from adminpanel.models import AdminUser
from bookings.errors import BookingNotFound, DayFull
from bookings.models import Booking, Location
from bookings.services.status import change_status
from core.actors import actor_for
from core.clock import now
from core.errors import PermissionRefused, TransitionRefused
from customers.models import Customer
from tests.adminpanel.conftest import make_user
from tests.bookings.conftest import book, evening

ALLOWED = {
    ("pending", "confirmed"),
    ("pending", "cancelled"),
    ("confirmed", "completed"),
    ("confirmed", "no_show"),
    ("confirmed", "cancelled"),
    ("cancelled", "pending"),
    ("completed", "no_show"),
    ("no_show", "completed"),
}
BUTTONS = {
    "confirm": "confirmed",
    "complete": "completed",
    "no-show": "no_show",
    "cancel": "cancelled",
    "reinstate": "pending",
}
SUBMITTED = {"_form_submitted": "on", "reason": "The customer called."}


@pytest.mark.parametrize("before", Booking.Status.values)
@pytest.mark.parametrize("after", Booking.Status.values)
def test_only_the_listed_transitions_are_possible(
    manager: AdminUser, guest: Customer, kitchen: Location, before: str, after: str
) -> None:
    booking = book(guest, kitchen, 12, status=before)
    if (before, after) in ALLOWED:
        change_status(booking_id=booking.pk, to=after, actor=actor_for(manager), at=now())
    else:
        with pytest.raises(TransitionRefused):
            change_status(booking_id=booking.pk, to=after, actor=actor_for(manager), at=now())
    booking.refresh_from_db()
    assert booking.status == (after if (before, after) in ALLOWED else before)


def test_a_refusal_names_what_is_possible(manager: AdminUser, guest: Customer, kitchen: Location) -> None:
    booking = book(guest, kitchen, 12, status="completed")
    with pytest.raises(TransitionRefused, match=r"cannot become pending, because it is completed.*can become no-show"):
        change_status(booking_id=booking.pk, to="pending", actor=actor_for(manager), at=now())
    with pytest.raises(PermissionRefused):
        change_status(booking_id=booking.pk, to="no_show", actor=actor_for(make_user("nobody")), at=now())
    with pytest.raises(BookingNotFound):
        change_status(booking_id=uuid4(), to="pending", actor=actor_for(manager), at=now())


def test_a_booking_is_reinstated_only_if_there_is_room(manager: AdminUser, guest: Customer, kitchen: Location) -> None:
    booking, other = book(guest, kitchen, 20, status="cancelled"), book(guest, kitchen, 31)
    with pytest.raises(DayFull, match="room for 19 more guests"):
        change_status(booking_id=booking.pk, to="pending", actor=actor_for(manager), at=now())
    booking.refresh_from_db()
    assert booking.status == "cancelled"
    Booking.objects.filter(pk=other.pk).update(event_starts_at=evening(22))
    assert change_status(booking_id=booking.pk, to="pending", actor=actor_for(manager), at=now()).status == "pending"


@pytest.mark.parametrize("status", Booking.Status.values)
def test_the_page_offers_the_buttons_that_the_status_allows(
    browser: Client, guest: Customer, kitchen: Location, status: str
) -> None:
    booking = book(guest, kitchen, 12, status=status)
    base = f"/admin/bookings/booking/{booking.pk}/"
    page = browser.get(f"{base}change/").text
    offered = {button for button in BUTTONS if f'href="{base}{button}/"' in page}
    assert offered == {button for button, after in BUTTONS.items() if (status, after) in ALLOWED}


@pytest.mark.parametrize("button", BUTTONS)
def test_a_button_asks_before_it_acts(browser: Client, guest: Customer, kitchen: Location, button: str) -> None:
    before = next(status for status, after in sorted(ALLOWED) if after == BUTTONS[button])
    booking = book(guest, kitchen, 12, status=before)
    path = f"/admin/bookings/booking/{booking.pk}/{button}/"
    assert "Reason" in browser.get(path).text
    booking.refresh_from_db()
    assert booking.status == before
    response = browser.post(path, SUBMITTED, headers={"HX-Request": "true"})
    assert response.headers["HX-Redirect"] == f"/admin/bookings/booking/{booking.pk}/change/"
    booking.refresh_from_db()
    assert booking.status == BUTTONS[button]
    assert "The customer called." in LogEntry.objects.get(object_id=str(booking.pk)).get_change_message()


def test_a_cancellation_needs_a_reason(browser: Client, guest: Customer, kitchen: Location) -> None:
    booking = book(guest, kitchen, 12)
    response = browser.post(f"/admin/bookings/booking/{booking.pk}/cancel/", {"_form_submitted": "on"})
    assert "This field is required" in response.text
    booking.refresh_from_db()
    assert booking.status == "pending"


def test_a_button_of_an_old_page_is_refused_with_an_explanation(
    browser: Client, guest: Customer, kitchen: Location
) -> None:
    booking = book(guest, kitchen, 12, status="cancelled")
    response = browser.post(f"/admin/bookings/booking/{booking.pk}/confirm/", SUBMITTED, follow=True)
    assert "cannot become confirmed, because it is cancelled" in response.text
    booking.refresh_from_db()
    assert booking.status == "cancelled"
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("button", BUTTONS)
def test_someone_who_may_only_read_can_press_nothing(guest: Customer, kitchen: Location, button: str) -> None:
    before = next(status for status, after in sorted(ALLOWED) if after == BUTTONS[button])
    booking, client = book(guest, kitchen, 12, status=before), Client()
    client.force_login(make_user("viewer", "bookings.view_booking"))
    path = f"/admin/bookings/booking/{booking.pk}/{button}/"
    assert path not in client.get(f"/admin/bookings/booking/{booking.pk}/change/").text
    assert client.post(path, SUBMITTED).status_code == 403
    booking.refresh_from_db()
    assert booking.status == before


@pytest.mark.django_db(transaction=True)
def test_of_two_confirmations_at_once_one_is_refused() -> None:
    user = make_user("both", "bookings.*")
    customer = Customer.objects.create(email="race@example.com", full_name="Race")
    booking = book(customer, None, 12)
    barrier, outcomes = threading.Barrier(2), list[str]()

    def confirm() -> None:
        try:
            barrier.wait(10)
            change_status(booking_id=booking.pk, to="confirmed", actor=actor_for(user), at=now())
            outcomes.append("confirmed")
        except TransitionRefused as error:
            outcomes.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=confirm) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == [
        "The booking is already confirmed. From confirmed, it can become completed or no-show or cancelled.",
        "confirmed",
    ]


@pytest.mark.parametrize("key", ["x", "1", "%00"])
def test_a_button_of_no_row_answers_404(browser: Client, key: str) -> None:
    for address in (f"booking/{key}/confirm", f"bookingreminder/{key}/cancel"):
        response = browser.post(f"/admin/bookings/{address}/", SUBMITTED)
        assert response.status_code == 404
        assert "UUID" not in response.text

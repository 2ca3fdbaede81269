"""The form of a booking refuses what no event can have, and says what is allowed instead."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from django.test import Client

from adminpanel.models import AdminConfig
from bookings.models import Booking, Location
from bookings.services.locks import lock_capacity
from customers.models import Customer
from tests.adminpanel.conftest import make_user
from tests.bookings.conftest import book, evening
from tests.support.pages import form_values

ADD = "/admin/bookings/booking/add/"


@pytest.fixture
def entered(guest: Customer, kitchen: Location) -> dict[str, str]:
    """A new booking that is all right."""
    starts = evening(21)
    return {
        "customer": str(guest.pk),
        "location": str(kitchen.pk),
        "event_starts_at_0": f"{starts:%Y-%m-%d}",
        "event_starts_at_1": "18:00",
        "guests_adult": "12",
        "guests_child": "",
        "total_amount": "660.00",
        "currency": "USD",
    }


def errors_of(client: Client, path: str, data: dict[str, str]) -> dict[str, str]:
    """The messages by field; nothing may have been stored."""
    before = list(Booking.objects.order_by("pk").values())
    response = client.post(path, data)
    assert response.status_code == 200
    assert list(Booking.objects.order_by("pk").values()) == before
    errors: dict[str, list[str]] = response.context["adminform"].form.errors
    for messages in errors.values():
        for message in messages:
            assert str(message) in response.context["adminform"].form.errors.as_text()
    return {name: " ".join(messages) for name, messages in errors.items()}


def change_page(booking: Booking) -> str:
    return f"/admin/bookings/booking/{booking.pk}/change/"


def opened(client: Client, booking: Booking) -> dict[str, str]:
    return form_values(client.get(change_page(booking)).text, "booking_form")


def test_a_good_booking_is_stored_as_pending(browser: Client, entered: dict[str, str]) -> None:
    assert browser.post(ADD, entered | {"status": "completed"}).status_code == 302
    booking = Booking.objects.get()
    assert (booking.status, booking.guests, booking.event_starts_at) == ("pending", 12, evening(21))


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"guests_adult": "-3"}, "guests_adult", "from 0 to 1,000"),
        ({"guests_child": "-1"}, "guests_child", "from 0 to 1,000"),
        ({"guests_adult": "0"}, "guests_adult", "from 1 to 1,000 guests"),
        ({"guests_adult": "2000000000"}, "guests_adult", "room for 50 more guests"),
        ({"guests_adult": "900", "guests_child": "900"}, "guests_adult", "room for 50 more guests"),
        ({"total_amount": "-50"}, "total_amount", "from 0 to 99,999,999.99"),
        ({"total_amount": "100000000"}, "total_amount", "no more than 8 digits before the decimal point"),
        ({"currency": "xx"}, "currency", "Choose USD"),
        ({"currency": "EUR"}, "currency", "Choose USD"),
        ({"currency": ""}, "currency", "required"),
        ({"event_starts_at_0": "1999-05-04"}, "event_starts_at", "up to 30 days afterwards and two years ahead"),
        ({"event_starts_at_0": "2999-05-04"}, "event_starts_at", "up to 30 days afterwards and two years ahead"),
        ({"location": ""}, "location", "Choose the location"),
    ],
)
def test_what_no_booking_can_have_is_refused(
    browser: Client, entered: dict[str, str], changes: dict[str, str], field: str, message: str
) -> None:
    assert message in errors_of(browser, ADD, entered | changes)[field]


def test_new_bookings_have_the_currency_of_the_business(browser: Client, entered: dict[str, str]) -> None:
    AdminConfig.objects.filter(config_key="bookings.currency").update(config_value="EUR")
    assert form_values(browser.get(ADD).text, "booking_form")["currency"] == "EUR"
    assert "Choose EUR" in errors_of(browser, ADD, entered)["currency"]
    assert browser.post(ADD, entered | {"currency": "EUR"}).status_code == 302
    assert Booking.objects.get().currency == "EUR"


def test_guests_are_limited_where_the_location_has_no_capacity(
    browser: Client, entered: dict[str, str], kitchen: Location
) -> None:
    Location.objects.update(capacity=None)
    errors = errors_of(browser, ADD, entered | {"guests_adult": "2000000000"})
    assert "from 0 to 1,000" in errors["guests_adult"]
    errors = errors_of(browser, ADD, entered | {"guests_adult": "600", "guests_child": "600"})
    assert "from 1 to 1,000 guests" in errors["guests_adult"]


def test_an_event_of_last_week_can_be_entered(browser: Client, entered: dict[str, str]) -> None:
    assert browser.post(ADD, entered | {"event_starts_at_0": f"{evening(-7):%Y-%m-%d}"}).status_code == 302


def test_an_inactive_location_takes_no_new_booking(browser: Client, entered: dict[str, str], kitchen: Location) -> None:
    Location.objects.update(is_active=False)
    assert "Choose an active location" in errors_of(browser, ADD, entered)["location"]


def test_guests_over_the_capacity_of_the_day_are_refused(
    browser: Client, entered: dict[str, str], guest: Customer, kitchen: Location
) -> None:
    book(guest, kitchen, 20, guests_child=None)
    book(guest, kitchen, 10, guests_child=5, status="no_show")
    book(guest, kitchen, 40, status="cancelled")
    book(guest, kitchen, 40, event_starts_at=evening(22, hour=0))
    book(guest, kitchen, 40, event_starts_at=evening(20, hour=23))
    errors = errors_of(browser, ADD, entered | {"guests_adult": "16"})
    day = evening(21)
    assert f"room for 15 more guests on {day:%a, %b} {day.day}, {day.year} (capacity 50)" in errors["guests_adult"]
    assert browser.post(ADD, entered | {"guests_adult": "15"}).status_code == 302


def test_the_day_is_the_day_of_the_location(
    browser: Client, entered: dict[str, str], guest: Customer, kitchen: Location
) -> None:
    book(guest, kitchen, 50, event_starts_at=evening(21, hour=23))  # the next day in UTC
    assert "room for 0 more guests" in errors_of(browser, ADD, entered | {"guests_adult": "1"})["guests_adult"]


def test_a_booking_does_not_count_against_itself(browser: Client, guest: Customer, kitchen: Location) -> None:
    booking = book(guest, kitchen, 50, guests_child=None)
    data = opened(browser, booking)
    assert browser.post(change_page(booking), data | {"event_starts_at_1": "19:30"}).status_code == 302
    booking.refresh_from_db()
    assert booking.event_starts_at == evening(21, hour=19).replace(minute=30)


def test_a_booking_can_shrink_on_an_overbooked_day_and_not_grow(
    browser: Client, guest: Customer, kitchen: Location
) -> None:
    book(guest, kitchen, 45)
    booking = book(guest, kitchen, 20)
    data = opened(browser, booking)
    assert "room for 5 more" in errors_of(browser, change_page(booking), data | {"guests_adult": "21"})["guests_adult"]
    assert browser.post(change_page(booking), data | {"guests_adult": "18"}).status_code == 302


def test_a_booking_cannot_move_to_a_full_day(browser: Client, guest: Customer, kitchen: Location) -> None:
    book(guest, kitchen, 45, event_starts_at=evening(30))
    booking = book(guest, kitchen, 20)
    data = opened(browser, booking) | {"event_starts_at_0": f"{evening(30):%Y-%m-%d}"}
    assert "room for 5 more guests" in errors_of(browser, change_page(booking), data)["guests_adult"]


def test_an_old_booking_can_be_edited_as_it_is(browser: Client, guest: Customer) -> None:
    old = book(guest, None, 12, event_starts_at=evening(-900), currency="EUR", status="completed")
    data = opened(browser, old)
    assert browser.post(change_page(old), data | {"special_requests": "Noted later"}).status_code == 302
    old.refresh_from_db()
    assert (old.special_requests, old.location, old.currency) == ("Noted later", None, "EUR")
    assert old.event_starts_at == evening(-900)
    moved = data | {"event_starts_at_0": "1999-01-01"}
    assert "event_starts_at" in errors_of(browser, change_page(old), moved)


def test_a_location_cannot_be_taken_away(browser: Client, guest: Customer, kitchen: Location) -> None:
    booking = book(guest, kitchen, 12)
    assert "location" in errors_of(browser, change_page(booking), opened(browser, booking) | {"location": ""})


@pytest.mark.parametrize("status", Booking.Status.values)
def test_the_form_cannot_change_a_status(browser: Client, guest: Customer, kitchen: Location, status: str) -> None:
    booking = book(guest, kitchen, 12, status=status)
    for other in Booking.Status.values:
        data = opened(browser, booking) | {"status": other}
        assert browser.post(change_page(booking), data).status_code == 302
        booking.refresh_from_db()
        assert booking.status == status


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"capacity": "-10"}, "capacity"),
        ({"base_travel_fee": "-5"}, "base_travel_fee"),
        ({"per_mile_fee": "-5"}, "per_mile_fee"),
        ({"service_radius_miles": "-1"}, "service_radius_miles"),
    ],
)
def test_a_location_has_no_negative_numbers(
    browser: Client, kitchen: Location, changes: dict[str, str], field: str
) -> None:
    path = f"/admin/bookings/location/{kitchen.pk}/change/"
    data = form_values(browser.get(path).text, "location_form")
    before = Location.objects.values().get()
    response = browser.post(path, data | changes)
    assert "Enter a number from 0 to" in str(response.context["adminform"].form.errors[field])
    assert Location.objects.values().get() == before
    assert browser.post(path, data | {field: "7"}).status_code == 302


@pytest.mark.parametrize("name", ["customer", "location"])
@pytest.mark.parametrize("value", ["x", "1", "💥"])
def test_a_picker_refuses_what_is_no_key(browser: Client, entered: dict[str, str], name: str, value: str) -> None:
    assert "Select a valid choice" in errors_of(browser, ADD, {**entered, name: value})[name]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_ends_of_the_calendar_are_out_of_reach(browser: Client, entered: dict[str, str], day: str) -> None:
    found = errors_of(browser, ADD, {**entered, "event_starts_at_0": day, "event_starts_at_1": "23:59"})
    assert set(found) == {"event_starts_at"}


@pytest.mark.parametrize("at", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=UTC)])
def test_a_stored_booking_at_an_end_of_the_calendar_can_be_read(
    browser: Client, guest: Customer, kitchen: Location, at: datetime
) -> None:
    booking = book(guest, kitchen, 2, event_starts_at=at)
    for address in (change_page(booking), f"{change_page(booking)}../history/", "/admin/bookings/booking/?tab=all"):
        assert browser.get(address.replace("change/../", "")).status_code == 200


def test_a_new_booking_needs_a_role_that_can_choose_its_location(guest: Customer, kitchen: Location) -> None:
    permissions = ("bookings.view_booking", "bookings.add_booking", "customers.view_customer")
    clerk = Client()
    clerk.force_login(make_user("clerk", *permissions))
    page = clerk.get(ADD)
    assert page.status_code == 403
    assert "bookings.view_location" in page.text
    assert ADD not in clerk.get("/admin/bookings/booking/").text


def test_one_guest_is_not_plural(guest: Customer, kitchen: Location) -> None:
    assert str(book(guest, kitchen, 1)).endswith(", 1 guest")
    assert str(book(guest, kitchen, 2)).endswith(", 2 guests")


@pytest.mark.django_db(transaction=True)
def test_two_people_cannot_take_the_last_places_at_once(
    browser: Client, entered: dict[str, str], kitchen: Location
) -> None:
    browser.get(ADD)
    done: list[int] = []

    def save() -> None:
        client = Client()
        client.cookies = browser.cookies
        try:
            done.append(client.post(ADD, {**entered, "guests_adult": "30"}).status_code)
        finally:
            connection.close()

    people = [threading.Thread(target=save) for _ in range(2)]
    with transaction.atomic():
        lock_capacity(kitchen)
        for person in people:
            person.start()
        time.sleep(1)  # without the lock, both have counted and saved by now
        assert done == []
    for person in people:
        person.join(30)
    assert sorted(done) == [200, 302]
    assert Booking.objects.count() == 1

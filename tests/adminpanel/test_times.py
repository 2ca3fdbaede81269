"""A booking at 19:30 in Sacramento reads 19:30 with its zone on every page, whatever the installation's time zone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.test import Client, override_settings
from django.utils import timezone

from adminpanel.models import AdminUser
from bookings.models import Booking, BookingReminder, Location
from core.clock import now
from customers.models import Customer

type AtWork = Callable[[AdminUser], Client]

PACIFIC = ZoneInfo("America/Los_Angeles")
LIST = "/admin/bookings/booking/"


@pytest.fixture(params=["UTC", "America/Los_Angeles", "America/New_York"])
def installation(request: pytest.FixtureRequest) -> Iterator[str]:
    """The time zone of the installation."""
    with override_settings(TIME_ZONE=request.param):
        yield request.param


@pytest.fixture
def sacramento(db: None) -> Location:
    """A kitchen in Sacramento."""
    return place("Sacramento", "CA", "95811")


@pytest.fixture
def ana(db: None) -> Customer:
    """A customer."""
    return Customer.objects.create(email="ana@example.com", full_name="Ana Alvarez")


def place(city: str, state: str, zip_code: str) -> Location:
    address = {"address_street": "1 R Street", "address_city": city, "address_state": state, "address_zip": zip_code}
    return Location.objects.create(name=f"{city} kitchen", **address)


def dinner(customer: Customer, location: Location | None, days: int, hour: int = 19, zone: str = "") -> Booking:
    """A booking ``days`` after today at half past ``hour``, on the clocks of its location."""
    there = ZoneInfo(zone) if zone else (location.time_zone if location else timezone.get_default_timezone())
    day = (now().astimezone(there) + timedelta(days=days)).date()
    starts = datetime(day.year, day.month, day.day, hour, 30, tzinfo=there)
    return Booking.objects.create(customer=customer, location=location, event_starts_at=starts, guests_adult=12)


def test_every_page_shows_1930_and_the_zone(
    installation: str, boss: AdminUser, at_work: AtWork, sacramento: Location, ana: Customer
) -> None:
    booking, client = dinner(ana, sacramento, 20), at_work(boss)
    local = booking.event_starts_at.astimezone(PACIFIC)
    text = f"{local:%a, %b} {local.day}, {local.year}, 19:30 {local.tzname()}"
    assert str(Booking.objects.get(pk=booking.pk)).startswith(text)
    page = f"{LIST}{booking.pk}/change/"
    form = client.get(page).text
    assert text in client.get(LIST).text
    assert re.search(rf"<h1[^>]*>[^<]*{re.escape(text)}|{re.escape(text)}", form)
    assert f'value="{local:%Y-%m-%d}"' in form
    assert 'value="19:30"' in form
    assert "America/Los_Angeles" in form
    picker = {
        "app_label": "bookings",
        "model_name": "bookingreminder",
        "field_name": "booking",
        "term": str(booking.pk),
    }
    assert text in client.get("/admin/autocomplete/", picker).text
    saved = client.post(page, fields(booking, client) | {"special_requests": "No shellfish."}, follow=True)
    assert text in saved.text
    assert "changed successfully" in saved.text
    booking.refresh_from_db()
    assert booking.event_starts_at == local
    assert booking.special_requests == "No shellfish."
    for path in ("/admin/payments/customeroverview/", f"/admin/payments/customeroverview/{ana.pk}/change/"):
        assert text in client.get(path).text
    assert text in client.get(f"/admin/bookings/bookingoverview/{booking.pk}/change/").text
    reminder = BookingReminder.objects.create(booking=booking, reminder_type="sms", scheduled_for=local)
    assert text in client.get("/admin/bookings/bookingreminder/").text
    assert text in str(reminder)


def fields(booking: Booking, client: Client) -> dict[str, str]:
    """What the browser sends when nothing was changed on the form of a booking."""
    form = client.get(f"{LIST}{booking.pk}/change/").context["adminform"].form
    sent = {}
    for bound in form:
        widget, value = bound.field.widget, bound.value()
        parts = widget.decompress(value) if hasattr(widget, "decompress") else None
        for index, part in enumerate(parts or [value]):
            name = f"{bound.html_name}_{index}" if parts else bound.html_name
            sent[name] = "" if part is None else str(part)
    return sent


def test_a_form_reads_the_time_at_the_chosen_location(
    installation: str, boss: AdminUser, at_work: AtWork, sacramento: Location, ana: Customer
) -> None:
    booking, client = dinner(ana, sacramento, 20), at_work(boss)
    boston = place("Boston", "MA", "02108")
    data = fields(booking, client)
    client.post(f"{LIST}{booking.pk}/change/", data | {"location": str(boston.pk)})
    booking.refresh_from_db()
    assert booking.location == boston
    assert f"{booking.event_starts_at.astimezone(ZoneInfo('America/New_York')):%H:%M}" == "19:30"


def test_saving_an_unchanged_form_keeps_the_seconds_and_the_repeated_hour(
    boss: AdminUser, at_work: AtWork, sacramento: Location, ana: Customer
) -> None:
    booking, client = dinner(ana, sacramento, 20), at_work(boss)
    year = next(year for year in (2027, 2028) if datetime(year, 11, 7, tzinfo=UTC) > now() + timedelta(days=1))
    change = next(
        at
        for day in range(8)
        for at in [datetime(year, 11, 1 + day, 9, 15, 7, 99, tzinfo=UTC)]
        if at.astimezone(PACIFIC).fold
    )
    Booking.objects.filter(pk=booking.pk).update(event_starts_at=change)
    client.post(f"{LIST}{booking.pk}/change/", fields(booking, client) | {"special_requests": "x"})
    booking.refresh_from_db()
    assert booking.event_starts_at == change


def test_a_time_that_the_clocks_skip_is_refused(
    boss: AdminUser, at_work: AtWork, sacramento: Location, ana: Customer
) -> None:
    booking, client = dinner(ana, sacramento, 20), at_work(boss)
    before = booking.event_starts_at
    data = fields(booking, client) | {"event_starts_at_0": "2027-03-14", "event_starts_at_1": "02:30"}
    shown = client.post(f"{LIST}{booking.pk}/change/", data)
    assert "2027-03-14 02:30 does not exist in America/Los_Angeles" in shown.text
    booking.refresh_from_db()
    assert booking.event_starts_at == before


def test_today_is_the_day_of_the_location(boss: AdminUser, at_work: AtWork, ana: Customer) -> None:
    client, rows = at_work(boss), {}
    for city, state, zip_code in (("Honolulu", "HI", "96815"), ("Boston", "MA", "02108")):
        location = place(city, state, zip_code)
        rows[city] = [dinner(ana, location, days, hour) for days in (-1, 0, 0, 1) for hour in (0, 23)]
    today = {row.pk for found in rows.values() for row in found[2:6]}
    tomorrow = {row.pk for found in rows.values() for row in found[6:]}
    for query, wanted in (({"tab": "today"}, today), ({"event_starts_at_on": "tomorrow"}, tomorrow)):
        assert {row.pk for row in client.get(LIST, query).context["cl"].queryset} == wanted
    assert {row.pk for row in client.get(LIST, {"event_starts_at_on": "today"}).context["cl"].queryset} == today


def test_a_range_includes_both_of_its_days(
    installation: str, boss: AdminUser, at_work: AtWork, sacramento: Location, ana: Customer
) -> None:
    made = [dinner(ana, sacramento, days, hour) for days in (3, 4, 5, 6) for hour in (0, 23)]
    first, last = (f"{made[n].event_starts_at.astimezone(PACIFIC):%Y-%m-%d}" for n in (2, 5))
    query = {"event_starts_at_from": first, "event_starts_at_to": last}
    assert set(at_work(boss).get(LIST, query).context["cl"].queryset) == set(made[2:6])


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"event_starts_at_from": "2026-13-45"}, "&#x27;2026-13-45&#x27; is not a day"),
        ({"event_starts_at_on": "someday"}, "&#x27;someday&#x27; is not a day"),
        ({"event_starts_at_from": "2026-07-05", "event_starts_at_to": "2026-07-04"}, "Exchange the two dates"),
    ],
)
def test_a_filter_that_cannot_be_read_shows_no_rows_and_says_so(
    boss: AdminUser, at_work: AtWork, sacramento: Location, ana: Customer, query: dict[str, str], said: str
) -> None:
    dinner(ana, sacramento, 1)
    response = at_work(boss).get(LIST, query)
    assert response.context["cl"].result_count == 0
    assert said in response.text


def test_the_list_opens_at_upcoming_events(
    boss: AdminUser, at_work: AtWork, sacramento: Location, ana: Customer
) -> None:
    past, today, later = (dinner(ana, sacramento, days) for days in (-9, 0, 9))
    gone = dinner(ana, sacramento, 5)
    Booking.objects.filter(pk=gone.pk).update(status="cancelled")
    Booking.objects.filter(pk__in=(past.pk, later.pk)).update(status="confirmed")
    client = at_work(boss)

    def rows(**query: str) -> list[Booking]:
        return list(client.get(LIST, query).context["cl"].result_list)

    assert rows() == [today, later]
    assert rows(tab="today") == [today]
    assert rows(tab="past") == [past]
    assert rows(tab="action") == [past, today]
    assert rows(tab="cancelled") == [gone]
    assert rows(tab="all") == [later, gone, today, past]
    assert set(rows(q="Ana")) == {past, today, later, gone}


def test_the_history_shows_its_times_with_the_zone(boss: AdminUser, at_work: AtWork) -> None:
    customer = Customer.objects.create(full_name="Ann", email="ann@example.com")
    kitchen = Location.objects.create(
        name="Hilo", address_street="1 A", address_city="Hilo", address_state="HI", address_zip="96720"
    )
    booking = Booking.objects.create(
        customer=customer, location=kitchen, event_starts_at=datetime(2026, 7, 4, tzinfo=UTC), guests_adult=2
    )
    LogEntry.objects.log_actions(boss.pk, Booking.objects.filter(pk=booking.pk), CHANGE, "Moved")
    LogEntry.objects.update(action_time=datetime(2026, 7, 4, 2, 30, tzinfo=UTC))
    page = at_work(boss).get(f"/admin/bookings/booking/{booking.pk}/history/").text
    assert "Fri, Jul 3, 2026, 16:30 HST" in page

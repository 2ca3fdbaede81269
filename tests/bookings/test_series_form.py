"""The form of a series: real fields instead of JSON, rules, and the dates that come next."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.test import Client

from bookings.models import Location, RecurringBooking
from customers.models import Customer
from tests.bookings.conftest import evening
from tests.support.pages import form_values

ADD = "/admin/bookings/recurringbooking/add/"


@pytest.fixture
def entered(guest: Customer, kitchen: Location) -> dict[str, str]:
    """A new series that is all right: every week from next month on, for twelve and two."""
    return {
        "customer": str(guest.pk),
        "recurrence_pattern": "weekly",
        "start_date": f"{evening(30):%Y-%m-%d}",
        "end_date": "",
        "max_occurrences": "8",
        "is_active": "on",
        "time": "18:30",
        "location": str(kitchen.pk),
        "guests_adult": "12",
        "guests_child": "2",
        "address_street": "12 Elm Drive",
        "address_city": "Sacramento",
        "address_state": "CA",
        "address_zip": "95811",
        "special_requests": "No shellfish.",
    }


def page_of(series: RecurringBooking) -> str:
    return f"/admin/bookings/recurringbooking/{series.pk}/change/"


def stored(customer: Customer, template: object, **fields: object) -> RecurringBooking:
    fields = {"recurrence_pattern": "weekly", "start_date": evening(30).date(), **fields}
    return RecurringBooking.objects.create(customer=customer, booking_template_json=template, **fields)


def upcoming(page: str) -> list[str]:
    return re.findall(r"<li>([A-Z][a-z]{2}, .*?)</li>", page)


def test_the_fields_become_the_template(browser: Client, entered: dict[str, str], kitchen: Location) -> None:
    assert browser.post(ADD, entered).status_code == 302
    series = RecurringBooking.objects.get()
    assert series.booking_template_json == {
        "time": "18:30",
        "location_id": str(kitchen.pk),
        "guests_adult": 12,
        "guests_child": 2,
        "address_street": "12 Elm Drive",
        "address_city": "Sacramento",
        "address_state": "CA",
        "address_zip": "95811",
        "special_requests": "No shellfish.",
    }
    assert (series.max_occurrences, series.end_date, series.is_active) == (8, None, True)


def test_the_form_shows_the_template_and_no_json(browser: Client, guest: Customer, kitchen: Location) -> None:
    series = stored(guest, {"time": "18:00", "guests_adult": 11, "location_id": str(kitchen.pk)})
    page = browser.get(page_of(series)).text
    values = form_values(page, "recurringbooking_form")
    assert values["time"] == "18:00"
    assert (values["guests_adult"], values["guests_child"]) == ("11", "")
    assert values["location"] == str(kitchen.pk)
    assert "booking_template_json" not in page


def test_other_keys_of_the_template_are_kept(browser: Client, guest: Customer, kitchen: Location) -> None:
    template = {"time": "18:00", "guests_adult": 11, "guests_child": 2, "location_id": str(kitchen.pk), "menu": ["x"]}
    series = stored(guest, template)
    values = form_values(browser.get(page_of(series)).text, "recurringbooking_form")
    assert browser.post(page_of(series), values | {"guests_adult": "14", "guests_child": ""}).status_code == 302
    del template["guests_child"]
    assert RecurringBooking.objects.get().booking_template_json == template | {"guests_adult": 14}


@pytest.mark.parametrize("template", [{"x": 1}, ["x"], {"time": "late", "guests_adult": "many"}])
def test_a_template_that_cannot_be_read_is_completed_in_the_form(
    browser: Client, guest: Customer, kitchen: Location, template: object
) -> None:
    series = stored(guest, template)
    values = form_values(browser.get(page_of(series)).text, "recurringbooking_form")
    response = browser.post(page_of(series), values)
    assert {"time", "guests_adult"} <= set(response.context["adminform"].form.errors)
    assert RecurringBooking.objects.get().booking_template_json == template
    complete = {"time": "18:00", "guests_adult": "12", "location": str(kitchen.pk)}
    assert browser.post(page_of(series), values | complete).status_code == 302
    kept = {key: value for key, value in template.items() if key == "x"} if isinstance(template, dict) else {}
    saved = RecurringBooking.objects.get().booking_template_json
    assert saved == kept | {"time": "18:00", "guests_adult": 12, "location_id": str(kitchen.pk)}


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"end_date": "2020-01-01"}, "end_date", "on or after its start"),
        ({"max_occurrences": "-4"}, "max_occurrences", "from 1 to 520"),
        ({"max_occurrences": "0"}, "max_occurrences", "from 1 to 520"),
        ({"start_date": "1999-01-01"}, "start_date", "Enter a date from"),
        ({"start_date": "2999-01-01"}, "start_date", "Enter a date from"),
        ({"time": ""}, "time", "required"),
        ({"time": "25:00"}, "time", "valid time"),
        ({"location": ""}, "location", "Choose the location"),
        ({"guests_adult": "-3"}, "guests_adult", "greater than or equal to 0"),
        ({"guests_adult": "0", "guests_child": ""}, "guests_adult", "from 1 to 1,000 guests"),
        ({"guests_adult": "49"}, "guests_adult", "at most 50 guests"),
        ({"guests_adult": "2000000000"}, "guests_adult", "less than or equal to 1000"),
        ({"recurrence_pattern": "daily"}, "recurrence_pattern", "valid choice"),
    ],
)
def test_what_no_series_can_have_is_refused(
    browser: Client, entered: dict[str, str], changes: dict[str, str], field: str, message: str
) -> None:
    response = browser.post(ADD, entered | changes)
    assert message in " ".join(response.context["adminform"].form.errors[field])
    assert not RecurringBooking.objects.exists()


def test_the_next_dates_are_shown(browser: Client, guest: Customer, kitchen: Location) -> None:
    template = {"time": "18:30", "guests_adult": 12, "location_id": str(kitchen.pk)}
    start = evening(0).date() - timedelta(weeks=10)
    series = stored(guest, template, start_date=start, max_occurrences=13)
    expected = [start + timedelta(weeks=number) for number in (10, 11, 12)]
    shown = upcoming(browser.get(page_of(series)).text)
    assert shown == [f"{day:%a, %b} {day.day}, {day.year}, 18:30" for day in expected]
    RecurringBooking.objects.update(max_occurrences=None)
    page = browser.get(page_of(series)).text
    assert len(upcoming(page)) == 6
    assert "and more" in page
    RecurringBooking.objects.update(max_occurrences=3)
    assert "None: the series has ended." in browser.get(page_of(series)).text
    RecurringBooking.objects.update(is_active=False)
    assert "None: the series is not active." in browser.get(page_of(series)).text


def test_a_monthly_series_on_the_31st_shows_the_last_day_of_shorter_months(browser: Client, guest: Customer) -> None:
    year = evening(0).year + 1
    series = stored(guest, {"time": "18:00"}, recurrence_pattern="monthly", start_date=date(year, 1, 31))
    shown = upcoming(browser.get(page_of(series)).text)
    assert [day.split()[2].rstrip(",") for day in shown][2:5] == ["31", "30", "31"]


@pytest.mark.parametrize("value", [1930, ["18:00"], {"hour": 18}, True, "noon"])
def test_a_template_with_a_time_of_another_type_can_be_repaired(
    browser: Client, guest: Customer, kitchen: Location, value: object
) -> None:
    template = {"time": value, "location_id": str(kitchen.pk), "guests_adult": 12}
    series = stored(guest, template)
    response = browser.get(page_of(series))
    assert response.status_code == 200
    data = form_values(response.text, "recurringbooking_form") | {"time": "18:30"}
    assert browser.post(page_of(series), data).status_code == 302
    series.refresh_from_db()
    assert series.booking_template_json == {**template, "time": "18:30"}

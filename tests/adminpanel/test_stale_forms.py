"""Two people with the same row open: the second one to save sees what the first one changed, and nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client

from adminpanel.models import AdminUser, Role
from bookings.models import Booking, Location, RecurringBooking
from core.admin.stale import OPENED, OVERWRITE
from customers.models import Customer
from tests.adminpanel.conftest import make_user
from tests.adminpanel.test_times import dinner, place
from tests.support.pages import form_values

type AtWork = Callable[[AdminUser], Client]


@pytest.fixture
def booking(db: None) -> Booking:
    """A booking three weeks ahead, by raw SQL without a time of its last change, as older rows are."""
    ana = Customer.objects.create(email="ana@example.com", full_name="Ana Alvarez")
    made = dinner(ana, place("Sacramento", "CA", "95811"), 21)
    Booking.objects.update(updated_at=None, special_requests="No shellfish.")
    return Booking.objects.get(pk=made.pk)


def page_of(row: Any) -> str:
    return f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/change/"


def opened(client: Client, row: Any) -> dict[str, str]:
    """The values that the form of a row sends when it was opened now."""
    values = form_values(client.get(page_of(row)).text, f"{row._meta.model_name}_form")
    assert values[OPENED]
    return values


def saved(row: Any) -> dict[str, Any]:
    stored: dict[str, Any] = type(row).objects.filter(pk=row.pk).values().get()
    return stored


def overwrite_token(page: str) -> str:
    found = re.search(rf'name="{OVERWRITE}" value="([^"]+)"', page)
    assert found
    return found[1]


def test_a_form_opened_before_a_cancellation_does_not_undo_it(
    boss: AdminUser, manager: AdminUser, at_work: AtWork, booking: Booking
) -> None:
    first, second = at_work(boss), at_work(manager)
    stale = opened(second, booking)
    cancelled = first.post(
        f"/admin/bookings/booking/{booking.pk}/cancel/", {"_form_submitted": "on", "reason": "Ill"}, follow=True
    )
    assert "The booking is cancelled now." in cancelled.text
    before = saved(booking)
    assert before["status"] == "cancelled"
    response = second.post(page_of(booking), stale | {"special_requests": "Extra chopsticks"})
    assert response.status_code == 200
    assert "Nothing was saved: Boss changed this booking on" in response.text
    assert re.search(r'scope="row">Status</th>\s*<td[^>]*>Cancelled<', response.text)
    assert "not changed by you" in response.text
    assert saved(booking) == before


@pytest.mark.parametrize("by", ["sql", "queryset", "model"])
def test_a_change_by_any_writer_is_noticed(boss: AdminUser, at_work: AtWork, booking: Booking, by: str) -> None:
    client = at_work(boss)
    stale = opened(client, booking)
    if by == "sql":
        with connection.cursor() as cursor:
            cursor.execute("UPDATE bookings SET guests_adult = 40 WHERE id = %s", [booking.pk])
    elif by == "queryset":
        Booking.objects.filter(pk=booking.pk).update(guests_adult=40)
    else:
        Booking(**saved(booking) | {"guests_adult": 40}).save(force_update=True)
    before = saved(booking)
    response = client.post(page_of(booking), stale | {"guests_adult": "14"})
    assert "Nothing was saved: this booking was changed after you opened this form." in response.text
    assert re.search(r">Adults</th>\s*<td[^>]*>40</td>\s*<td[^>]*>14<", response.text)
    assert saved(booking) == before


def test_a_second_save_stores_only_what_the_person_changed(boss: AdminUser, at_work: AtWork, booking: Booking) -> None:
    client = at_work(boss)
    stale = opened(client, booking)
    Booking.objects.update(guests_adult=40, address_city="Reno", special_requests="Their words")
    mine = stale | {"special_requests": "My words"}
    first = client.post(page_of(booking), mine)
    again = client.post(page_of(booking), mine)
    assert again.status_code == 200, "saving again without the tick is refused again"
    assert Booking.objects.get().special_requests == "Their words"
    assert client.post(page_of(booking), mine | {OVERWRITE: overwrite_token(first.text)}).status_code == 302
    row = Booking.objects.get()
    assert (row.special_requests, row.guests_adult, row.address_city) == ("My words", 40, "Reno")
    assert "Special requests" in str(LogEntry.objects.latest("action_time").get_change_message())
    assert "dults" not in str(LogEntry.objects.latest("action_time").get_change_message())


def test_a_change_after_the_conflict_was_shown_is_shown_as_well(
    boss: AdminUser, at_work: AtWork, booking: Booking
) -> None:
    client = at_work(boss)
    mine = opened(client, booking) | {"special_requests": "My words"}
    Booking.objects.update(guests_adult=40)
    token = overwrite_token(client.post(page_of(booking), mine).text)
    Booking.objects.update(guests_adult=41)
    response = client.post(page_of(booking), mine | {OVERWRITE: token})
    assert response.status_code == 200
    assert re.search(r">Adults</th>\s*<td[^>]*>41<", response.text)
    assert Booking.objects.get().special_requests == "No shellfish."


def test_an_update_that_changes_no_value_is_no_conflict(boss: AdminUser, at_work: AtWork, booking: Booking) -> None:
    client = at_work(boss)
    values = opened(client, booking)
    Booking.objects.get().save()
    assert client.post(page_of(booking), values | {"special_requests": "Mine"}).status_code == 302
    assert Booking.objects.get().special_requests == "Mine"


def test_a_login_is_no_conflict_on_the_form_of_an_account(boss: AdminUser, reader: AdminUser, at_work: AtWork) -> None:
    values = opened(at_work(boss), reader)
    at_work(reader)
    response = at_work(boss).post(page_of(reader), values | {"full_name": "Renamed"})
    assert response.status_code == 302
    reader.refresh_from_db()
    assert reader.full_name == "Renamed"


def test_a_password_is_not_shown_among_the_changes(boss: AdminUser, reader: AdminUser, at_work: AtWork) -> None:
    values = opened(at_work(boss), reader)
    reader.set_password("another-long-phrase")
    reader.save()
    response = at_work(boss).post(page_of(reader), values | {"full_name": "Renamed"})
    assert re.search(r'scope="row">Password</th>\s*<td[^>]*>changed<', response.text)
    assert reader.password not in response.text


def test_roles_given_meanwhile_are_not_taken_away(boss: AdminUser, nobody: AdminUser, at_work: AtWork) -> None:
    role = Role.objects.create(name="kitchen", permissions_json=["bookings.view_booking"])
    values = opened(at_work(boss), nobody)
    nobody.roles.add(role)
    response = at_work(boss).post(page_of(nobody), values | {"full_name": "Renamed"})
    assert response.status_code == 200
    assert "kitchen" in response.text
    assert list(nobody.roles.all()) == [role]


def test_only_changed_columns_are_written(boss: AdminUser, at_work: AtWork, booking: Booking) -> None:
    client = at_work(boss)
    values = opened(client, booking)
    with connection.execute_wrapper(statements := Statements()):
        assert client.post(page_of(booking), values | {"special_requests": "Mine"}).status_code == 302
    (update,) = [sql for sql in statements.seen if sql.startswith('UPDATE "bookings"')]
    assert set(re.findall(r'"(\w+)" = %s', update.partition("WHERE")[0])) == {"special_requests", "updated_at"}


def test_a_form_saved_without_a_change_writes_nothing(boss: AdminUser, at_work: AtWork, booking: Booking) -> None:
    client = at_work(boss)
    values, before = opened(client, booking), saved(booking)
    assert client.post(page_of(booking), values).status_code == 302
    assert saved(booking) == before


def test_null_stays_null_where_nothing_was_entered(boss: AdminUser, at_work: AtWork, booking: Booking) -> None:
    Location.objects.update(is_active=None, phone=None)
    location = Location.objects.get()
    client = at_work(boss)
    values = opened(client, location)
    assert client.post(page_of(location), values | {"name": "Renamed"}).status_code == 302
    location.refresh_from_db()
    assert (location.name, location.is_active, location.phone) == ("Renamed", None, None)


def test_a_row_deleted_meanwhile_is_explained(boss: AdminUser, at_work: AtWork, booking: Booking) -> None:
    client = at_work(boss)
    values = opened(client, booking)
    booking.delete()
    response = client.post(page_of(booking), values, follow=True)
    assert response.redirect_chain == [("/admin/bookings/booking/", 302)]
    assert "Nothing was saved: this booking was deleted after you opened the form." in response.text
    assert not Booking.objects.exists()


def test_a_token_of_another_row_is_refused(boss: AdminUser, at_work: AtWork, booking: Booking) -> None:
    client, location = at_work(boss), Location.objects.get()
    values = opened(client, booking) | {OPENED: opened(client, location)[OPENED], "special_requests": "Mine"}
    response = client.post(page_of(booking), values)
    assert "could not read the state in which you opened this form" in response.text
    assert Booking.objects.get().special_requests == "No shellfish."


def test_a_mistake_elsewhere_does_not_hide_the_conflict(boss: AdminUser, at_work: AtWork, booking: Booking) -> None:
    client = at_work(boss)
    mine = opened(client, booking) | {"guests_adult": "-3"}
    Booking.objects.update(address_city="Reno")
    refused = client.post(page_of(booking), mine)
    assert "Changes since you opened this form" in refused.text
    corrected = form_values(refused.text, "booking_form") | {"guests_adult": "14"}
    assert "Changes since you opened this form" in client.post(page_of(booking), corrected).text
    assert Booking.objects.get().guests_adult == 12


def test_the_template_of_a_series_is_compared_field_by_field(
    boss: AdminUser, at_work: AtWork, booking: Booking
) -> None:
    template = {"time": "18:00", "guests_adult": 12, "location_id": str(booking.location_id)}
    series = RecurringBooking.objects.create(
        customer=booking.customer,
        recurrence_pattern="weekly",
        start_date=booking.event_starts_at.date(),
        booking_template_json=template,
    )
    client = at_work(boss)
    mine = opened(client, series) | {"guests_adult": "15"}
    RecurringBooking.objects.update(booking_template_json=template | {"time": "19:30"})
    response = client.post(page_of(series), mine)
    assert re.search(r">Time of day</th>\s*<td[^>]*>7:30 p\.m\.<", response.text)
    again = client.post(page_of(series), mine | {OVERWRITE: overwrite_token(response.text)})
    assert again.status_code == 302, again.context["errors"]
    assert RecurringBooking.objects.get().booking_template_json == template | {"time": "19:30", "guests_adult": 15}


def test_someone_who_may_only_read_gets_no_token(at_work: AtWork, booking: Booking) -> None:
    client = at_work(make_user("viewer", "bookings.view_booking"))
    assert OPENED not in client.get(page_of(booking)).text


class Statements:
    """Records the SQL that is executed."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.seen.append(sql)
        return execute(sql, params, many, context)

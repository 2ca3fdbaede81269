"""The form of a booking: the rules that a new or moved booking has to keep."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.utils.formats import date_format
from unfold.widgets import UnfoldAdminSelectWidget

from bookings.models import Booking, Location
from bookings.selectors.capacity import guests_left
from bookings.services.locks import lock_capacity
from bookings.settings import CURRENCY
from core.clock import now
from core.datetimes import day_of, site_zone
from core.models import is_new

LATE_ENTRY = timedelta(days=30)  # an event may be entered after it took place, for example from a paper calendar
HORIZON = timedelta(days=730)
_FIELDS_OF_CAPACITY = {"event_starts_at", "location", "guests_child"}


class BookingForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Refuses dates out of reach, a missing location, another currency, and guests over the capacity of the day.

    A rule about a value applies to a new booking, and to a booking whose value was changed: older rows that break it
    can still be edited otherwise.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "currency" in self.fields:
            if self._is_new:
                self.initial["currency"] = CURRENCY.value()
            self.fields["currency"] = _currency_field(
                CURRENCY.value() if self._is_new else self.instance.currency or ""
            )
        if "location" in self.fields:
            self.fields["location"].required = self._is_new or self.instance.location_id is not None
            self.fields["location"].error_messages["required"] = "Choose the location that serves the event."

    def clean(self) -> dict[str, Any] | None:
        """Check the date, then the location, then the room on that day."""
        cleaned = super().clean()
        location, starts = self._entered("location"), self._entered("event_starts_at")
        if isinstance(starts, datetime) and self._is_changed("event_starts_at"):
            self._check_date(starts, location)
        if isinstance(location, Location):
            if not location.is_active and self._is_changed("location"):
                self.add_error("location", f"{location} is not active. Choose an active location.")
            if isinstance(starts, datetime) and not _FIELDS_OF_CAPACITY & set(self.errors):
                self._check_capacity(location, starts)
        return cleaned

    @property
    def _is_new(self) -> bool:
        return is_new(self.instance)

    def _is_changed(self, name: str) -> bool:
        return self._is_new or name in self.changed_data

    def _entered(self, name: str) -> Any:
        """The entered value of a field, or the stored one if the form does not have the field."""
        return self.cleaned_data.get(name) if name in self.fields else getattr(self.instance, name)

    def _check_date(self, starts: datetime, location: Location | None) -> None:
        zone = location.time_zone if location is not None else site_zone()
        today = day_of(now(), zone)
        first, last = today - LATE_ENTRY, today + HORIZON
        if not first <= day_of(starts, zone) <= last:
            self.add_error(
                "event_starts_at",
                f"Enter a date from {_day(first)} to {_day(last)}: an event can be entered up to {LATE_ENTRY.days} days "
                "afterwards and two years ahead.",
            )

    def _check_capacity(self, location: Location, starts: datetime) -> None:
        adults, children = self._entered("guests_adult"), self._entered("guests_child")
        if adults is None or self.instance.status in Booking.takes_no_place:
            return
        guests, day = adults + (children or 0), day_of(starts, location.time_zone)
        if not self._takes_more(guests, location, day):
            return
        lock_capacity(location)
        left = guests_left(location, day, without=None if self._is_new else self.instance.pk)
        if left is not None and guests > left:
            self.add_error(
                "guests_adult",
                f"{location} has room for {max(left, 0)} more guests on {_day(day)} (capacity {location.capacity}), "
                f"and this booking has {guests}. Choose another day or location, or fewer guests.",
            )

    def _takes_more(self, guests: int, location: Location, day: date) -> bool:
        """Whether the booking takes places on the day that it does not have yet."""
        stored = self.instance  # Django writes the entered values into it after clean()
        if self._is_new or stored.location_id != location.pk:
            return True
        return day_of(stored.event_starts_at, location.time_zone) != day or guests > stored.guests


def _day(day: date) -> str:
    return date_format(day, "D, M j, Y")


def _currency_field(stored: str) -> forms.ChoiceField:
    """The currency of the business; a booking that has another one, or none, may keep it."""
    business = CURRENCY.value()
    codes = dict.fromkeys((business, stored))
    return forms.TypedChoiceField(
        label="Currency",
        choices=[(code, code or "-") for code in codes],
        required=bool(stored),
        initial=business,
        empty_value=None,
        widget=UnfoldAdminSelectWidget(),
        error_messages={"invalid_choice": f"Choose {business}, the currency of the business."},
    )

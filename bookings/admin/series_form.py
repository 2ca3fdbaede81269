"""The form of a series: its dates, and what each of its bookings starts with."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleTimeWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from bookings.models import Location
from bookings.models.bookings import MAX_GUESTS
from core.clock import now
from core.datetimes import day_of, site_zone
from core.models import is_new

LATE_ENTRY = timedelta(days=30)
HORIZON = timedelta(days=730)

# The fields of the form and their keys in ``booking_template_json``. Other keys of the template are kept as they are.
TEMPLATE = {
    "time": "time",
    "location": "location_id",
    "guests_adult": "guests_adult",
    "guests_child": "guests_child",
    "address_street": "address_street",
    "address_city": "address_city",
    "address_state": "address_state",
    "address_zip": "address_zip",
    "special_requests": "special_requests",
}


def _text(label: str, longest: int) -> forms.CharField:
    return forms.CharField(label=label, required=False, max_length=longest, widget=UnfoldAdminTextInputWidget())


class SeriesForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Shows the keys of ``booking_template_json`` as fields, and writes them back."""

    time = forms.TimeField(
        label="Time of day",
        widget=UnfoldAdminSingleTimeWidget(format="%H:%M"),
        help_text="On the clocks of the location, also when daylight saving time begins or ends.",
    )
    location = forms.ModelChoiceField(
        queryset=Location.objects.order_by("name"),
        empty_label="Choose a location",
        widget=UnfoldAdminSelectWidget(),
        error_messages={"required": "Choose the location that serves the events."},
    )
    guests_adult = forms.IntegerField(
        label="Adults", min_value=0, max_value=MAX_GUESTS, widget=UnfoldAdminIntegerFieldWidget()
    )
    guests_child = forms.IntegerField(
        label="Children", required=False, min_value=0, max_value=MAX_GUESTS, widget=UnfoldAdminIntegerFieldWidget()
    )
    address_street = _text("Street", 255)
    address_city = _text("City", 100)
    address_state = _text("State", 2)
    address_zip = _text("ZIP code", 10)
    special_requests = forms.CharField(required=False, widget=UnfoldAdminTextareaWidget())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        template = self._template()
        for name, key in TEMPLATE.items():
            if name in self.fields and template.get(key) not in (None, ""):
                self.initial.setdefault(name, _readable(name, template[key]))
        field = self.fields.get("location")
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = _selectable(self.initial.get("location"))
            field.required = is_new(self.instance) or bool(template.get("location_id"))

    def clean(self) -> dict[str, Any] | None:
        """Check dates, guests and capacity, then write the template."""
        cleaned = super().clean()
        self._check_start()
        self._check_guests()
        if not self.errors:
            self.instance.booking_template_json = self._written_template()
        return cleaned

    def _template(self) -> dict[str, Any]:
        stored = self.instance.booking_template_json
        return dict(stored) if isinstance(stored, dict) else {}

    def _written_template(self) -> dict[str, Any]:
        written = self._template()
        for name, key in TEMPLATE.items():
            if name in self.fields and (name in self.changed_data or is_new(self.instance)):
                value = self.cleaned_data[name]
                written[key] = _storable(value)
                if value in (None, ""):
                    del written[key]
        return written

    def _check_start(self) -> None:
        start = self.cleaned_data.get("start_date")
        if start is None or not (is_new(self.instance) or "start_date" in self.changed_data):
            return
        location = self.cleaned_data.get("location")
        today = day_of(now(), location.time_zone if isinstance(location, Location) else site_zone())
        first, last = today - LATE_ENTRY, today + HORIZON
        if not first <= start <= last:
            self.add_error("start_date", f"Enter a date from {first} to {last}.")

    def _check_guests(self) -> None:
        adults, children = self.cleaned_data.get("guests_adult"), self.cleaned_data.get("guests_child")
        if adults is None or "guests_child" in self.errors:
            return
        guests, location = adults + (children or 0), self.cleaned_data.get("location")
        if not 1 <= guests <= MAX_GUESTS:
            message = f"A booking has from 1 to {MAX_GUESTS:,} guests, adults and children together."
            self.add_error("guests_adult", message)
        elif isinstance(location, Location) and location.capacity is not None and guests > location.capacity:
            self.add_error("guests_adult", f"{location} takes at most {location.capacity} guests on a day.")


def _selectable(chosen: Any) -> Any:
    """The active locations, and the one that the series has."""
    active = Location.objects.filter(is_active=True)
    return (active | Location.objects.filter(pk=chosen) if chosen else active).order_by("name")


def _readable(name: str, value: Any) -> Any:
    """Return a value of the template as the field expects it; a value that it cannot read is left out."""
    field = SeriesForm.base_fields[name]
    try:
        cleaned = field.to_python(value)
    except (forms.ValidationError, AttributeError):  # a time field strips its text without a look at the type
        return None
    return cleaned.pk if isinstance(cleaned, Location) else cleaned


def _storable(value: Any) -> Any:
    """Return a cleaned value as JSON can hold it."""
    match value:
        case time():
            return value.strftime("%H:%M")
        case Location():
            return str(value.pk)
        case date():
            return value.isoformat()
    return value

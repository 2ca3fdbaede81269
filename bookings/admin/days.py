"""Filters and tabs by the days of events."""

from __future__ import annotations

from typing import ClassVar

from django.db.models import Q
from django.http import HttpRequest

from bookings.models import Location
from bookings.selectors.days import on_days
from core.admin.base import StaffAdmin
from core.clock import now
from core.datetimes import Period


class EventDays(StaffAdmin):
    """For lists of rows that belong to an event: a day is a day of the event's location."""

    location_path: ClassVar[str] = "location"

    def days_condition(self, field: str, period: Period, request: HttpRequest) -> Q:
        """The condition for rows whose ``field`` lies in a period of days of their location."""
        zoned = Location.objects.only("pk", "address_zip", "address_state")
        return on_days(period, at=now(), locations=zoned, field=field, location=self.location_path)

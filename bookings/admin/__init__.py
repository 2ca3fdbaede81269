"""The staff site of ``bookings``, one module per subject; none imports another."""

from bookings.admin.bookings import BookingAdmin
from bookings.admin.locations import LocationAdmin
from bookings.admin.overview import BookingOverviewAdmin
from bookings.admin.recurrences import RecurringBookingAdmin
from bookings.admin.reminders import BookingReminderAdmin

__all__ = [
    "BookingAdmin",
    "BookingOverviewAdmin",
    "BookingReminderAdmin",
    "LocationAdmin",
    "RecurringBookingAdmin",
]

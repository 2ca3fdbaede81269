"""The tables of ``bookings``.

Each module imports only those before it: locations, recurrences, bookings, reminders, overview.
"""

from bookings.models.bookings import Booking
from bookings.models.locations import Location
from bookings.models.overview import BookingOverview
from bookings.models.recurrences import RecurringBooking
from bookings.models.reminders import BookingReminder

__all__ = ["Booking", "BookingOverview", "BookingReminder", "Location", "RecurringBooking"]

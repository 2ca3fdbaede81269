"""Errors of the bookings app. Each message says what was refused, why, and what can be done instead."""

from __future__ import annotations


class BookingError(Exception):
    """The base of this app's errors."""


class BookingNotFound(BookingError):
    """There is no such booking; it may have been deleted."""


class DayFull(BookingError):
    """The location has no room for the guests on that day."""


class ReminderNotFound(BookingError):
    """There is no such reminder; it may have been deleted."""

"""Tests of ``bookings``."""

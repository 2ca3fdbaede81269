"""The schema of ``bookings``, one linear history."""

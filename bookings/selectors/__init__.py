"""Questions to the tables of ``bookings`` that change nothing."""

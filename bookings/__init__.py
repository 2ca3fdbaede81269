"""Events: locations, bookings, their reminders and their series. Stands on ``customers``."""

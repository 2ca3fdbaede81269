"""Functions that change bookings and their reminders: one module per subject."""

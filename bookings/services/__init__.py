"""What changes bookings and their reminders: one module per subject."""

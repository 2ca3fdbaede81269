"""People: customers, leads, newsletter and social contacts. Knows nothing of bookings, money or staff."""

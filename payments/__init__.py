"""Money: payments, deposits, loyalty and what the payment provider reports. Stands on ``bookings``."""

"""The tables of ``payments``. All stand on ``bookings`` or ``customers``; no module here imports another."""

from payments.models.deposits import Deposit
from payments.models.loyalty import LoyaltyPoints, LoyaltyTransaction
from payments.models.overview import CustomerOverview
from payments.models.payment_methods import PaymentMethod
from payments.models.payments import Payment
from payments.models.stripe_events import StripeEvent

__all__ = [
    "CustomerOverview",
    "Deposit",
    "LoyaltyPoints",
    "LoyaltyTransaction",
    "Payment",
    "PaymentMethod",
    "StripeEvent",
]

"""The staff site of ``payments``, one module per subject; all of it is for reading only."""

from payments.admin.balances import booking_balance, customer_balance
from payments.admin.deposits import DepositAdmin
from payments.admin.loyalty import LoyaltyPointsAdmin, LoyaltyTransactionAdmin
from payments.admin.overview import CustomerOverviewAdmin
from payments.admin.payment_methods import PaymentMethodAdmin
from payments.admin.payments import PaymentAdmin
from payments.admin.stripe_events import StripeEventAdmin

__all__ = [
    "CustomerOverviewAdmin",
    "DepositAdmin",
    "LoyaltyPointsAdmin",
    "LoyaltyTransactionAdmin",
    "PaymentAdmin",
    "PaymentMethodAdmin",
    "StripeEventAdmin",
    "booking_balance",
    "customer_balance",
]

"""The tables of ``customers``.

Each module imports only those before it: base, customers, leads, newsletter, social.
"""

from customers.models.base import CreatedRow, StrictRow, TimestampedRow
from customers.models.customers import Customer
from customers.models.leads import Lead
from customers.models.newsletter import NewsletterSubscriber
from customers.models.social import SocialAccount, SocialMessage, SocialThread

__all__ = [
    "CreatedRow",
    "Customer",
    "Lead",
    "NewsletterSubscriber",
    "SocialAccount",
    "SocialMessage",
    "SocialThread",
    "StrictRow",
    "TimestampedRow",
]

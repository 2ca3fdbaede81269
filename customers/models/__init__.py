"""The tables of ``customers``.

Each module imports only those before it: customers, leads, newsletter, social.
"""

from customers.models.customers import Customer
from customers.models.leads import Lead
from customers.models.newsletter import NewsletterSubscriber
from customers.models.social import SocialAccount, SocialMessage, SocialThread

__all__ = [
    "Customer",
    "Lead",
    "NewsletterSubscriber",
    "SocialAccount",
    "SocialMessage",
    "SocialThread",
]

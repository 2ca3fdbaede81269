"""The staff site of ``customers``, one module per subject."""

from customers.admin.customers import CustomerAdmin
from customers.admin.leads import LeadAdmin
from customers.admin.newsletter import NewsletterSubscriberAdmin
from customers.admin.social import SocialAccountAdmin, SocialMessageAdmin, SocialThreadAdmin

__all__ = [
    "CustomerAdmin",
    "LeadAdmin",
    "NewsletterSubscriberAdmin",
    "SocialAccountAdmin",
    "SocialMessageAdmin",
    "SocialThreadAdmin",
]

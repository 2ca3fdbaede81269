"""Conditions that find customers, and rows of customers, by a search term. Nothing here executes a query."""

from __future__ import annotations

import re

from django.db.models import Q

from core.search import as_uuid, key_in
from customers.models import Customer

_PHONE = re.compile(r"\+?[\d\s().-]{4,}")


def customers_like(term: str) -> Q:
    """Return the condition on ``Customer`` for a search term, by what the term looks like.

    An ID finds its customer, a term with ``@`` the emails that begin with it, digits the phones that contain them,
    and anything else the names that contain every word (or emails that begin with it).
    """
    text = term.strip()
    if (key := as_uuid(text)) is not None:
        return Q(pk=key)
    if "@" in text:
        return Q(email__istartswith=text)
    if _PHONE.fullmatch(text) and (digits := re.sub(r"\D", "", text)):
        return Q(phone__contains=digits)
    found = Q()
    for word in text.split():
        found &= Q(full_name__icontains=word) | Q(email__istartswith=word)
    return found


def customers_found(term: str, path: str = "customer") -> Q:
    """Return ``customers_like`` as a condition on a foreign key to customers, which ``path`` names.

    It tells about emails and phones, so it is meant for users who may view customers; see ``customers_named``.
    """
    return key_in(path, Customer.objects.filter(customers_like(term)).values("pk"))


def customers_named(term: str, path: str = "customer") -> Q:
    """Return the condition for rows of the customer with exactly this ID or full name, whichever case.

    It tells nothing beyond the name that a list of such rows shows anyway.
    """
    text = term.strip()
    key = as_uuid(text)
    return Q(**{f"{path}__full_name__iexact": text}) if key is None else Q(**{path: key})

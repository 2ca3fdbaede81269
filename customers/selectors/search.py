"""Finding customers by what one knows of them."""

from __future__ import annotations

import re

from django.db.models import Q

from core.search import as_uuid
from customers.models import Customer

FEW = 500
_PHONE = re.compile(r"\+?[\d\s().-]{4,}")


def customers_like(term: str) -> Q:
    """The condition on ``Customer`` for a search term, which is taken for what it looks like.

    An ID finds its customer, something with ``@`` emails that begin with it, digits the phones that contain
    them, and anything else names with all of the words.
    """
    text = term.strip()
    if (key := as_uuid(text)) is not None:
        return Q(pk=key)
    if "@" in text:
        return Q(email__istartswith=text)
    if _PHONE.fullmatch(text):
        return Q(phone__contains=re.sub(r"\D", "", text))
    found = Q()
    for word in text.split():
        found &= Q(full_name__icontains=word) | Q(email__istartswith=word)
    return found


def customers_found(term: str, path: str = "customer") -> Q:
    """Like ``customers_like``, as a condition for a foreign key to customers, named by its path.

    Few customers are looked up here and now, so that an index on the key is used; for many a subquery is made.
    """
    found = Customer.objects.filter(customers_like(term)).values_list("pk", flat=True)
    some = list(found[: FEW + 1])
    return Q(**{f"{path}__in": some if len(some) <= FEW else found})

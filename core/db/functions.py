"""Database functions for column defaults."""

from __future__ import annotations

from django.db.models import DateTimeField, Func


class TransactionNow(Func):
    """``now()``: the start of the transaction, with its time zone.

    Django's own ``Now`` renders ``STATEMENT_TIMESTAMP()`` on PostgreSQL; this one keeps the default
    ``now()`` of schemas that were written in SQL.
    """

    function = "now"
    template = "%(function)s()"
    output_field = DateTimeField()

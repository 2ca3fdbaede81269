"""The SQL functions about money as expressions of the ORM; ``core/sql/money_v1.sql`` defines them."""

from __future__ import annotations

from django.db.models import BooleanField, Func


class MoneySupported(Func):
    """``money_supported(amount, currency)``: whether a table may store the amount in the currency.

    ``amount`` may be ``Value(None)`` for a table that has a currency and no amount of its own.
    """

    requires = (("core", "0001_s03_money"),)
    function = "money_supported"
    arity = 2
    output_field = BooleanField()

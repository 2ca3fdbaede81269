"""Amounts and currencies as columns: ``AmountField``, ``CurrencyField`` and the CHECK that holds them together.

::

    class Refund(Row):
        amount = AmountField()
        currency = CurrencyField()

        class Meta:
            db_table = "refunds"
            constraints = (currency_supported("refunds", "amount"),)

``makemigrations`` makes its migration depend on ``("core", "0001_s03_money")``, which creates the SQL functions.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.functions import Cast

from core.db.fields import CharBase, DecimalBase
from core.db.money import MoneySupported

UNSUPPORTED = (
    "The currency must be an active ISO 4217 code with no decimals or two, for example USD, and the amount must not "
    "have more decimals than its currency."
)


class AmountField[Set, Get](DecimalBase[Set, Get]):
    """An amount of money: ``numeric(10,2)``, up to 99,999,999.99. Migrations see an ordinary ``DecimalField``."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **{"max_digits": 10, "decimal_places": 2, **options})

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        """Describe the field as Django's own, so that migrations do not import this module."""
        name, _, arguments, options = super().deconstruct()
        return name, "django.db.models.DecimalField", arguments, options


class CurrencyField[Set, Get](CharBase[Set, Get]):
    """An ISO 4217 currency: ``varchar(3)``. Migrations see an ordinary ``CharField``."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **{"max_length": 3, **options})

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        """Describe the field as Django's own, so that migrations do not import this module."""
        name, _, arguments, options = super().deconstruct()
        return name, "django.db.models.CharField", arguments, options


def currency_supported(table: str, *amounts: str, currency: str = "currency") -> models.CheckConstraint:
    """Return the CHECK ``<table>_currency_supported`` for ``Meta.constraints``.

    It rejects a currency that is not an active ISO 4217 code, one with three or four decimals, and an amount with more
    decimals than its currency. ``amounts`` are the fields whose amounts are in that currency; without any, only the
    currency is checked. NULL is accepted in each of them.
    """
    checked: list[Any] = [*amounts] or [Cast(models.Value(None), models.DecimalField())]
    condition = models.Q()
    for amount in checked:
        condition &= models.Q(MoneySupported(amount, currency))
    return models.CheckConstraint(
        condition=condition, name=f"{table}_currency_supported", violation_error_message=UNSUPPORTED
    )

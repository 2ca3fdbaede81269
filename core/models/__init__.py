"""Base classes, fields and constraints of models.

``rows``     the columns that every table has
``address``  those of a postal address
``money``    an amount with its currency, and the CHECK that holds both together
"""

from core.models.address import Address
from core.models.money import AmountField, CurrencyField, currency_supported
from core.models.rows import LegacyCreatedRow, LegacyRow, Row, is_new

__all__ = [
    "Address",
    "AmountField",
    "CurrencyField",
    "LegacyCreatedRow",
    "LegacyRow",
    "Row",
    "currency_supported",
    "is_new",
]

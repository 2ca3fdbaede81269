"""Base classes, fields and constraints of models.

``rows``     the columns that every table has
``address``  those of a postal address
``limits``   limits of numbers that forms and service functions check
``money``    an amount with its currency, and the CHECK that holds both together
"""

from core.models.address import Address
from core.models.limits import LimitedModel
from core.models.money import AmountField, CurrencyField, currency_supported
from core.models.rows import LegacyCreatedRow, LegacyRow, Row, is_new

__all__ = [
    "Address",
    "AmountField",
    "CurrencyField",
    "LegacyCreatedRow",
    "LegacyRow",
    "LimitedModel",
    "Row",
    "currency_supported",
    "is_new",
]

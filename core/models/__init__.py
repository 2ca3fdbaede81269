"""Abstract models: ``rows`` holds the columns that every table has, ``address`` those of a postal address."""

from core.models.address import Address
from core.models.rows import LegacyCreatedRow, LegacyRow, Row, is_new

__all__ = ["Address", "LegacyCreatedRow", "LegacyRow", "Row", "is_new"]

"""Columns of lists: money in one column, and the value of any column outside of a list."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.contrib.admin.utils import label_for_field, lookup_field
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model
from django.db.models.fields.related import ForeignObjectRel
from django.utils.text import capfirst
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.utils import display_for_field, display_for_label, display_for_value

from core.money import format_money

EMPTY = "-"


def money(amount: Decimal | None, currency: str | None) -> str:
    """Return an amount as people read it, such as ``$1,300.00``; a hyphen for no amount. No currency means USD."""
    return EMPTY if amount is None else format_money(amount, (currency or "USD").upper())


def money_column(amount: str, currency: str | None = "currency", description: str = "") -> Callable[..., Any]:
    """Return a list column that shows two fields of a row as money, right aligned and sorted by the number."""

    def column(row: Model) -> str:
        return money(getattr(row, amount), getattr(row, currency) if currency else None)

    shown: Callable[..., Any] = display(description=description or amount, ordering=amount, formatting="price")(column)
    return shown


type Column = str | Callable[..., Any]


def name_of(column: Column) -> str:
    """Return the name of a column of ``list_display``."""
    return column if isinstance(column, str) else str(getattr(column, "__name__", ""))


def heading(admin: ModelAdmin, column: Column) -> str:
    """Return the heading of a column of the admin class."""
    return capfirst(str(label_for_field(column, admin.model, model_admin=admin)))


def is_right_aligned(admin: ModelAdmin, column: Column) -> bool:
    """Return whether the list shows a column at the right edge, as it does with money."""
    attribute = getattr(admin, column, None) if isinstance(column, str) else column
    return getattr(attribute, "formatting", None) == "price"


def cell(admin: ModelAdmin, row: Model, column: Column) -> str:
    """Return what the list of ``admin`` shows of ``row`` in a column."""
    try:
        field, attribute, value = lookup_field(column, row, admin)
    except ObjectDoesNotExist:
        return EMPTY
    if field is None:
        label = getattr(attribute, "label", False)
        if label:
            return str(display_for_label(value, EMPTY, label))
        return str(display_for_value(value, EMPTY, getattr(attribute, "boolean", False)))
    if isinstance(field.remote_field, ForeignObjectRel):
        related = getattr(row, field.name)
        return EMPTY if related is None else str(related)
    return str(display_for_field(value, field, EMPTY))

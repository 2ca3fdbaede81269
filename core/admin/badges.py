"""The coloured badge of a status in a list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from django.db.models import Model
from unfold.decorators import display

from core.status import Colour, StatusChoices, status_field

GREY = "grey"
COLOURS: dict[str, str] = {colour: colour for colour in (*get_args(Colour.__value__), GREY)}


def status_badge(field: str = "status", description: str = "") -> Callable[[Any], Any]:
    """Return a column for ``list_display``: the label of the status in the colour that its enum declares.

    ``field`` is a ``StatusField`` of the model. A value that the enum does not know is shown as it is, in grey::

        list_display = ("created_at", "customer", status_badge())
    """

    def badge(row: Model) -> tuple[str, str]:
        enum, value = status_field(type(row), field).enum, getattr(row, field)
        colours = enum.colours() if issubclass(enum, StatusChoices) else {}
        label = dict(enum.choices).get(value, value)
        return colours.get(value, GREY), "-" if value is None else str(label)

    badge.__name__ = field
    title = description or field.replace("_", " ").capitalize()
    column: Callable[[Any], Any] = display(badge, description=title, ordering=field, label=COLOURS)
    return column

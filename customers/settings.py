"""The runtime settings of messages to customers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from typing import Any

from core.setting_types import json_object, json_value, shown
from core.settings import declare


@dataclass(frozen=True, slots=True)
class QuietHours:
    """The part of the day in which no text message is sent, from ``start`` up to and without ``end``.

    The hours may include midnight (21:00 to 09:00). Equal times mean that there are no quiet hours.
    """

    start: time
    end: time

    def include(self, at: time) -> bool:
        """Return whether a time of the customer's day is in the quiet hours."""
        if self.start <= self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end


def _read(stored: Any) -> QuietHours:
    values = json_object(stored, "The object", {"from", "to"})
    return QuietHours(_time(values, "from"), _time(values, "to"))


def _write(hours: QuietHours) -> dict[str, str]:
    return {"from": f"{hours.start:%H:%M}", "to": f"{hours.end:%H:%M}"}


def _time(values: dict[str, Any], key: str) -> time:
    value = values[key]
    if not isinstance(value, str) or not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value):
        raise ValueError(f'"{key}" is {shown(value)}, not a time such as "21:00".')
    return time.fromisoformat(value)


QUIET_HOURS = declare(
    "reminders.quiet_hours",
    json_value(
        'an object such as {"from": "21:00", "to": "09:00"} with times from "00:00" to "23:59"; equal times mean none',
        read=_read,
        write=_write,
    ),
    default=QuietHours(time(21), time(9)),
    description="No text messages between these hours of the customer's day.",
)

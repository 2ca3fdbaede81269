"""The current time. Service functions receive it as an argument; views, commands and tasks read it here."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone


def now() -> datetime:
    """Return the current time in UTC."""
    return timezone.now()

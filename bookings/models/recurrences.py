"""Recurring bookings: the pattern and the template that single bookings are made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import ClassVar

from django.db import models

from core.models import LegacyRow, LimitedModel
from core.models.limits import Number
from customers.models import Customer

MAX_OCCURRENCES = 520


class RecurringBooking(LimitedModel, LegacyRow):
    """A series of one customer; ``booking_template_json`` holds what each booking starts with."""

    class Pattern(models.TextChoices):
        WEEKLY = "weekly"
        BIWEEKLY = "biweekly"
        MONTHLY = "monthly"

    limits: ClassVar[Mapping[str, tuple[Number, Number]]] = {"max_occurrences": (1, MAX_OCCURRENCES)}

    customer = models.ForeignKey(Customer, models.DB_CASCADE, db_index=False, related_name="recurring_bookings")
    recurrence_pattern = models.CharField(max_length=50, choices=Pattern)
    start_date = models.DateField()
    end_date = models.DateField(null=True, blank=True)
    max_occurrences = models.IntegerField(null=True, blank=True)
    booking_template_json = models.JSONField("booking template")
    is_active = models.BooleanField("active", null=True, blank=True, default=True, db_default=True)
    created_bookings_count = models.IntegerField(
        "bookings created", null=True, blank=True, editable=False, default=0, db_default=0
    )

    class Meta:
        app_label = "bookings"
        db_table = "recurring_bookings"
        indexes = (
            models.Index(fields=["customer"], name="idx_recurring_customer"),
            models.Index(fields=["is_active"], name="idx_recurring_active"),
            models.Index(fields=["start_date", "id"], name="idx_recurring_listed"),
        )

    def broken_rules(self) -> Iterator[tuple[str, str]]:
        """Also refuse a series that ends before it starts."""
        yield from super().broken_rules()
        start: date | None = self.start_date
        if start is not None and self.end_date is not None and self.end_date < start:
            yield "end_date", f"The series ends on or after its start, {self.start_date}."

    def __str__(self) -> str:
        return f"{self.recurrence_pattern} from {self.start_date}"

"""Leads: people who asked and have not booked yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.db import models
from django.db.models import Q

from core.models import LimitedModel, Row
from core.models.limits import Number
from customers.models.customers import Customer


class Lead(LimitedModel, Row):
    """An enquiry on its way to a booking. At least one of email and phone is needed to answer it."""

    class Status(models.TextChoices):
        NEW = "new"
        CONTACTED = "contacted"
        QUALIFIED = "qualified"
        WON = "won"
        LOST = "lost"

    limits: ClassVar[Mapping[str, tuple[Number, Number]]] = {"guests": (1, 1_000)}

    full_name = models.CharField(max_length=255)
    email = models.EmailField(max_length=255, blank=True, default="", db_default="")
    phone = models.CharField(max_length=20, blank=True, default="", db_default="")
    source = models.CharField(max_length=100, blank=True, default="", db_default="")
    status = models.CharField(max_length=50, choices=Status, default=Status.NEW, db_default=Status.NEW)
    event_date = models.DateField(null=True, blank=True)
    guests = models.PositiveIntegerField(null=True, blank=True)
    notes = models.TextField(blank=True, default="", db_default="")
    customer = models.ForeignKey(
        Customer, models.DB_SET_NULL, null=True, blank=True, db_index=False, related_name="leads"
    )

    class Meta:
        app_label = "customers"
        db_table = "leads"
        indexes = (
            models.Index(fields=["status", "-created_at"], name="idx_leads_status_created"),
            models.Index(fields=["customer"], name="idx_leads_customer"),
            models.Index(fields=["created_at", "id"], name="idx_leads_listed"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(status__in=["new", "contacted", "qualified", "won", "lost"]),
                name="leads_status_check",
                violation_error_message="This is no status of a lead.",
            ),
            models.CheckConstraint(
                condition=~Q(email="") | ~Q(phone=""),
                name="leads_contact_check",
                violation_error_message="Give an email or a phone number: a lead must be reachable.",
            ),
        )

    def __str__(self) -> str:
        return self.full_name

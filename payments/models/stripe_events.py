"""Events that Stripe sent, each kept once."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from core.db.functions import TransactionNow
from core.models import Row


class StripeEvent(Row):
    """A webhook event: received, then processed, or with the error that stopped it."""

    event_id = models.CharField("event", max_length=255)
    type = models.CharField(max_length=255)
    payload = models.JSONField()
    received_at = models.DateTimeField(db_default=TransactionNow())
    processed_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, default="", db_default="")

    class Meta:
        app_label = "payments"
        db_table = "stripe_events"
        indexes = (
            models.Index(fields=["received_at"], name="idx_stripe_events_unprocessed", condition=Q(processed_at=None)),
            models.Index(fields=["type", "received_at"], name="idx_stripe_events_type"),
            models.Index(fields=["received_at", "id"], name="idx_stripe_events_listed"),
        )
        constraints = (models.UniqueConstraint(fields=["event_id"], name="stripe_events_event_id_key"),)

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"

"""Newsletter subscribers, confirmed by a link (double opt-in)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from core.models import Row


class NewsletterSubscriber(Row):
    """An address that asked for the newsletter; one row per address, whatever its upper and lower case."""

    class Status(models.TextChoices):
        PENDING = "pending"
        SUBSCRIBED = "subscribed"
        UNSUBSCRIBED = "unsubscribed"
        BOUNCED = "bounced"
        COMPLAINED = "complained"

    email = models.EmailField(max_length=255)
    status = models.CharField(max_length=50, choices=Status, default=Status.PENDING, db_default=Status.PENDING)
    confirm_token_hash = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=100, blank=True, default="", db_default="")

    class Meta:
        app_label = "customers"
        db_table = "newsletter_subscribers"
        indexes = (
            models.Index(fields=["status"], name="idx_newsletter_status"),
            models.Index(fields=["created_at", "id"], name="idx_newsletter_listed"),
        )
        constraints = (
            models.UniqueConstraint(
                Lower("email"),
                name="newsletter_subscribers_email_key",
                violation_error_message="This address is on the list already.",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "subscribed", "unsubscribed", "bounced", "complained"]),
                name="newsletter_subscribers_status_check",
                violation_error_message="This is no status of a subscriber.",
            ),
        )

    def __str__(self) -> str:
        return self.email

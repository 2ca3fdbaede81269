"""Social media: our accounts, the threads people open there, and the messages in them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from core.datetimes import show
from core.models import Row
from customers.models.customers import Customer


class SocialAccount(Row):
    """One of our own accounts on a platform."""

    platform = models.CharField(max_length=50)
    handle = models.CharField(max_length=255)
    external_id = models.CharField("ID at the platform", max_length=255)
    is_active = models.BooleanField(default=True, db_default=True)

    class Meta:
        app_label = "customers"
        db_table = "social_accounts"
        constraints = (
            models.UniqueConstraint(fields=["platform", "external_id"], name="social_accounts_external_id_key"),
        )

    def __str__(self) -> str:
        return f"{self.handle} ({self.platform})"


class SocialThread(Row):
    """A conversation of one person with one of our accounts."""

    class Status(models.TextChoices):
        OPEN = "open"
        PENDING = "pending"
        CLOSED = "closed"

    account = models.ForeignKey(SocialAccount, models.DB_CASCADE, db_index=False, related_name="threads")
    customer = models.ForeignKey(
        Customer, models.DB_SET_NULL, null=True, blank=True, db_index=False, related_name="social_threads"
    )
    external_id = models.CharField("ID at the platform", max_length=255)
    status = models.CharField(max_length=50, choices=Status, default=Status.OPEN, db_default=Status.OPEN)

    class Meta:
        app_label = "customers"
        db_table = "social_threads"
        indexes = (
            models.Index(fields=["customer"], name="idx_social_threads_customer"),
            models.Index(fields=["status", "-updated_at"], name="idx_social_threads_status"),
            models.Index(fields=["updated_at", "id"], name="idx_social_threads_listed"),
        )
        constraints = (
            models.UniqueConstraint(fields=["account", "external_id"], name="social_threads_external_id_key"),
            models.CheckConstraint(
                condition=Q(status__in=["open", "pending", "closed"]),
                name="social_threads_status_check",
                violation_error_message="This is no status of a thread.",
            ),
        )

    def __str__(self) -> str:
        return self.external_id


class SocialMessage(Row):
    """One message of a thread."""

    class Direction(models.TextChoices):
        INBOUND = "inbound"
        OUTBOUND = "outbound"

    thread = models.ForeignKey(SocialThread, models.DB_CASCADE, db_index=False, related_name="messages")
    direction = models.CharField(max_length=50, choices=Direction)
    body = models.TextField()
    sent_at = models.DateTimeField()
    external_id = models.CharField("ID at the platform", max_length=255)

    class Meta:
        app_label = "customers"
        db_table = "social_messages"
        indexes = (
            models.Index(fields=["thread", "sent_at"], name="idx_social_messages_thread"),
            models.Index(fields=["sent_at", "id"], name="idx_social_messages_listed"),
        )
        constraints = (
            models.UniqueConstraint(fields=["thread", "external_id"], name="social_messages_external_id_key"),
            models.CheckConstraint(
                condition=Q(direction__in=["inbound", "outbound"]),
                name="social_messages_direction_check",
                violation_error_message="A message is inbound or outbound.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.direction} {show(self.sent_at)}"

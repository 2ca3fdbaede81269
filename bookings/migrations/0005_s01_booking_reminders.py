"""Reminders of a booking, with the time they are due.

Why: hosts forget; a message some days before the event saves no-shows.
Locks: the table is new. Its key holds off writers of bookings for milliseconds.
Way back: the table is dropped with the reminders, sent and unsent.
"""

from __future__ import annotations

from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models

from core.db.functions import TransactionNow
from livemigrations import operations as live


class Migration(migrations.Migration):
    sprint = 1
    dependencies = [("bookings", "0004_s01_bookings_location")]
    operations = [
        migrations.CreateModel(
            name="BookingReminder",
            fields=[
                (
                    "id",
                    models.UUIDField(db_default=RandomUUID(), editable=False, primary_key=True, serialize=False),
                ),
                (
                    "booking",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=models.DB_CASCADE,
                        related_name="reminders",
                        to="bookings.booking",
                    ),
                ),
                (
                    "reminder_type",
                    models.CharField(
                        choices=[("email", "Email"), ("sms", "SMS"), ("both", "Email and SMS")],
                        max_length=50,
                        verbose_name="type",
                    ),
                ),
                ("scheduled_for", models.DateTimeField()),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("sent", "Sent"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        db_default="pending",
                        default="pending",
                        max_length=50,
                    ),
                ),
                ("message", models.TextField(blank=True, null=True)),
                ("error_message", models.TextField(blank=True, null=True)),
                (
                    "created_at",
                    models.DateTimeField(blank=True, db_default=TransactionNow(), editable=False, null=True),
                ),
                ("updated_at", models.DateTimeField(auto_now=True, db_default=TransactionNow(), null=True)),
            ],
            options={
                "db_table": "booking_reminders",
                "indexes": [
                    models.Index(fields=["booking"], name="idx_reminders_booking"),
                    models.Index(fields=["status"], name="idx_reminders_status"),
                    models.Index(
                        condition=models.Q(("status", "pending")),
                        fields=["scheduled_for"],
                        name="idx_reminders_scheduled",
                    ),
                ],
            },
        ),
        live.CommentIndexes(
            {
                "idx_reminders_booking": "The reminders of a booking; CASCADE when it goes",
                "idx_reminders_status": "Reminders by status: failed ones each morning",
                "idx_reminders_scheduled": "Pending reminders by due time: the dispatcher",
            }
        ),
    ]

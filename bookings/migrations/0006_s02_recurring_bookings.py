"""Recurring bookings: pattern and template of a series.

Why: some customers book the same event every week or month.
Locks: the table is new. Its key holds off writers of customers for milliseconds.
Way back: the table is dropped with the series; bookings made from them have lost their link already.
"""

from __future__ import annotations

from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models

from core.db.functions import TransactionNow
from livemigrations import operations as live


class Migration(migrations.Migration):
    sprint = 2
    dependencies = [("bookings", "0005_s01_booking_reminders")]
    operations = [
        migrations.CreateModel(
            name="RecurringBooking",
            fields=[
                (
                    "id",
                    models.UUIDField(db_default=RandomUUID(), editable=False, primary_key=True, serialize=False),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=models.DB_CASCADE,
                        related_name="recurring_bookings",
                        to="customers.customer",
                    ),
                ),
                (
                    "recurrence_pattern",
                    models.CharField(
                        choices=[("weekly", "Weekly"), ("biweekly", "Biweekly"), ("monthly", "Monthly")],
                        max_length=50,
                    ),
                ),
                ("start_date", models.DateField()),
                ("end_date", models.DateField(blank=True, null=True)),
                ("max_occurrences", models.IntegerField(blank=True, null=True)),
                ("booking_template_json", models.JSONField(verbose_name="booking template")),
                (
                    "is_active",
                    models.BooleanField(blank=True, db_default=True, default=True, null=True, verbose_name="active"),
                ),
                (
                    "created_bookings_count",
                    models.IntegerField(
                        blank=True,
                        db_default=0,
                        default=0,
                        editable=False,
                        null=True,
                        verbose_name="bookings created",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(blank=True, db_default=TransactionNow(), editable=False, null=True),
                ),
                ("updated_at", models.DateTimeField(auto_now=True, db_default=TransactionNow(), null=True)),
            ],
            options={
                "db_table": "recurring_bookings",
                "indexes": [
                    models.Index(fields=["customer"], name="idx_recurring_customer"),
                    models.Index(fields=["is_active"], name="idx_recurring_active"),
                ],
            },
        ),
        live.CommentIndexes(
            {
                "idx_recurring_customer": "The series of a customer",
                "idx_recurring_active": "Series that still make bookings: the nightly run",
            }
        ),
    ]

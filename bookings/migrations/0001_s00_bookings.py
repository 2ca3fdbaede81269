"""Bookings: the busiest table, as an installation has it, or a new one like it.

Why: all later sprints hang their columns and keys on it.
Locks: a new table holds off writers of customers for the milliseconds that its key takes. A table that is
there is only compared, and a missing index would be built concurrently.
Way back: dropped if it was made here, untouched if it was found.
"""

from __future__ import annotations

from decimal import Decimal

from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models

from core.db.functions import TransactionNow
from livemigrations import operations as live


class Migration(migrations.Migration):
    sprint = 0
    initial = True
    dependencies = [("customers", "0001_s00_customers")]
    operations = [
        live.CreateTableIfMissing(
            name="Booking",
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
                        related_name="bookings",
                        to="customers.customer",
                    ),
                ),
                ("event_starts_at", models.DateTimeField()),
                ("guests_adult", models.IntegerField(verbose_name="adults")),
                (
                    "guests_child",
                    models.IntegerField(blank=True, db_default=0, default=0, null=True, verbose_name="children"),
                ),
                (
                    "address_street",
                    models.CharField(blank=True, max_length=255, null=True, verbose_name="street"),
                ),
                (
                    "address_city",
                    models.CharField(blank=True, max_length=100, null=True, verbose_name="city"),
                ),
                (
                    "address_state",
                    models.CharField(blank=True, max_length=2, null=True, verbose_name="state"),
                ),
                (
                    "address_zip",
                    models.CharField(blank=True, max_length=10, null=True, verbose_name="ZIP code"),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("confirmed", "Confirmed"),
                            ("completed", "Completed"),
                            ("cancelled", "Cancelled"),
                            ("no_show", "No-show"),
                        ],
                        db_default="pending",
                        default="pending",
                        max_length=50,
                    ),
                ),
                (
                    "total_amount",
                    models.DecimalField(
                        db_default=Decimal(0),
                        decimal_places=2,
                        default=Decimal(0),
                        max_digits=10,
                        verbose_name="total",
                    ),
                ),
                (
                    "currency",
                    models.CharField(blank=True, db_default="USD", default="USD", max_length=3, null=True),
                ),
                ("special_requests", models.TextField(blank=True, null=True)),
                (
                    "created_at",
                    models.DateTimeField(blank=True, db_default=TransactionNow(), editable=False, null=True),
                ),
                ("updated_at", models.DateTimeField(auto_now=True, db_default=TransactionNow(), null=True)),
            ],
            options={
                "db_table": "bookings",
                "indexes": [
                    models.Index(fields=["customer"], name="idx_bookings_customer"),
                    models.Index(fields=["status"], name="idx_bookings_status"),
                    models.Index(fields=["event_starts_at"], name="idx_bookings_event_starts_at"),
                ],
            },
        ),
        live.CommentIndexes(
            {
                "idx_bookings_customer": "The bookings of a customer, newest first",
                "idx_bookings_status": "Bookings by status: the list's filter",
                "idx_bookings_event_starts_at": "Bookings of a day or a range of days: calendar and today's list",
            }
        ),
    ]

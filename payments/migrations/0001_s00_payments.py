"""Payments, as an installation has them, or a new table like it.

Why: money received is the first thing that a legacy database must keep.
Locks: a new table holds off writers of bookings for the milliseconds of its key; a table that is there is
only compared.
Way back: dropped if made here, untouched if found.
"""

from __future__ import annotations

from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models

from core.db.functions import TransactionNow
from livemigrations import operations as live


class Migration(migrations.Migration):
    sprint = 0
    initial = True
    dependencies = [("bookings", "0001_s00_bookings")]
    operations = [
        live.CreateTableIfMissing(
            name="Payment",
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
                        related_name="payments",
                        to="bookings.booking",
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=2, max_digits=10)),
                (
                    "currency",
                    models.CharField(blank=True, db_default="USD", default="USD", max_length=3, null=True),
                ),
                (
                    "method",
                    models.CharField(
                        choices=[("card", "Card"), ("cash", "Cash"), ("zelle", "Zelle"), ("venmo", "Venmo")],
                        max_length=50,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("succeeded", "Succeeded"),
                            ("failed", "Failed"),
                            ("refunded", "Refunded"),
                        ],
                        db_default="pending",
                        default="pending",
                        max_length=50,
                    ),
                ),
                (
                    "stripe_payment_intent_id",
                    models.CharField(blank=True, max_length=255, null=True, verbose_name="Stripe intent"),
                ),
                ("paid_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_at",
                    models.DateTimeField(blank=True, db_default=TransactionNow(), editable=False, null=True),
                ),
                ("updated_at", models.DateTimeField(auto_now=True, db_default=TransactionNow(), null=True)),
            ],
            options={
                "db_table": "payments",
                "indexes": [
                    models.Index(fields=["booking"], name="idx_payments_booking"),
                    models.Index(fields=["status"], name="idx_payments_status"),
                ],
            },
        ),
        live.CommentIndexes(
            {
                "idx_payments_booking": "The payments of a booking",
                "idx_payments_status": "Payments by status: pending and failed ones",
            }
        ),
    ]

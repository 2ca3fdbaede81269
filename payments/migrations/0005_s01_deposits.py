"""Deposits: some installations have the table, without its newest columns and without indexes.

Why: a deposit secures the date, and its state has to be followed from intent to refund.
Locks: a new table holds off writers of bookings for milliseconds. On an existing one each missing column
takes ACCESS EXCLUSIVE for milliseconds, without a rewrite, and each missing index is built concurrently.
Way back: a table made here is dropped; one that was found keeps its rows and loses only what was added.
"""

from __future__ import annotations

from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models

from core.db.functions import TransactionNow
from livemigrations import operations as live


class Migration(migrations.Migration):
    sprint = 1
    dependencies = [("payments", "0004_s00_customer_overview")]
    operations = [
        live.CreateTableIfMissing(
            name="Deposit",
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
                        related_name="deposits",
                        to="bookings.booking",
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=2, max_digits=10)),
                (
                    "currency",
                    models.CharField(blank=True, db_default="USD", default="USD", max_length=3, null=True),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("confirmed", "Confirmed"),
                            ("failed", "Failed"),
                            ("refunded", "Refunded"),
                            ("cancelled", "Cancelled"),
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
                (
                    "stripe_payment_method_id",
                    models.CharField(blank=True, max_length=255, null=True, verbose_name="Stripe method"),
                ),
                ("paid_at", models.DateTimeField(blank=True, null=True)),
                ("refunded_at", models.DateTimeField(blank=True, null=True)),
                ("cancelled_at", models.DateTimeField(blank=True, null=True)),
                ("failure_reason", models.TextField(blank=True, null=True)),
                (
                    "metadata_json",
                    models.JSONField(
                        blank=True,
                        db_default=models.Value({}, models.JSONField()),
                        default=dict,
                        null=True,
                        verbose_name="metadata",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(blank=True, db_default=TransactionNow(), editable=False, null=True),
                ),
                ("updated_at", models.DateTimeField(auto_now=True, db_default=TransactionNow(), null=True)),
            ],
            options={
                "db_table": "deposits",
                "indexes": [
                    models.Index(fields=["booking"], name="idx_deposits_booking"),
                    models.Index(fields=["status"], name="idx_deposits_status"),
                    models.Index(fields=["stripe_payment_intent_id"], name="idx_deposits_stripe_intent"),
                ],
            },
        ),
        live.CommentIndexes(
            {
                "idx_deposits_booking": "The deposits of a booking",
                "idx_deposits_status": "Deposits by status: due and failed ones",
                "idx_deposits_stripe_intent": "The deposit that a Stripe event speaks of",
            }
        ),
    ]

"""Loyalty: the points of each customer and the ledger behind them.

Why: regular customers earn points with completed bookings and spend them as credit.
Locks: both tables are new. Their keys hold off writers of customers and bookings for milliseconds.
Way back: both tables are dropped with all points, the ledger first.
"""

from __future__ import annotations

from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models

from core.db.functions import TransactionNow
from livemigrations import operations as live


class Migration(migrations.Migration):
    sprint = 2
    dependencies = [("payments", "0005_s01_deposits")]
    operations = [
        migrations.CreateModel(
            name="LoyaltyPoints",
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
                        related_name="loyalty_points",
                        to="customers.customer",
                    ),
                ),
                ("points", models.IntegerField(db_default=0, default=0)),
                (
                    "points_earned",
                    models.IntegerField(blank=True, db_default=0, default=0, null=True, verbose_name="earned"),
                ),
                (
                    "points_redeemed",
                    models.IntegerField(blank=True, db_default=0, default=0, null=True, verbose_name="redeemed"),
                ),
                (
                    "tier",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("bronze", "Bronze"),
                            ("silver", "Silver"),
                            ("gold", "Gold"),
                            ("platinum", "Platinum"),
                        ],
                        db_default="bronze",
                        default="bronze",
                        max_length=50,
                        null=True,
                    ),
                ),
                ("last_earned_at", models.DateTimeField(blank=True, null=True)),
                ("last_redeemed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_at",
                    models.DateTimeField(blank=True, db_default=TransactionNow(), editable=False, null=True),
                ),
                ("updated_at", models.DateTimeField(auto_now=True, db_default=TransactionNow(), null=True)),
            ],
            options={
                "verbose_name": "loyalty points",
                "verbose_name_plural": "loyalty points",
                "db_table": "loyalty_points",
                "indexes": [
                    models.Index(fields=["customer"], name="idx_loyalty_customer"),
                    models.Index(fields=["tier"], name="idx_loyalty_tier"),
                ],
            },
        ),
        migrations.CreateModel(
            name="LoyaltyTransaction",
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
                        related_name="loyalty_transactions",
                        to="customers.customer",
                    ),
                ),
                # lint: allow LM512 because the schema has no index here; balances go only with their customer
                (
                    "loyalty_points",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=models.DB_CASCADE,
                        related_name="transactions",
                        to="payments.loyaltypoints",
                    ),
                ),
                ("points_change", models.IntegerField(verbose_name="points")),
                ("reason", models.CharField(max_length=255)),
                (
                    "booking",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=models.DB_SET_NULL,
                        related_name="loyalty_transactions",
                        to="bookings.booking",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(blank=True, db_default=TransactionNow(), editable=False, null=True),
                ),
            ],
            options={
                "db_table": "loyalty_transactions",
                "indexes": [
                    models.Index(fields=["customer"], name="idx_loyalty_trans_customer"),
                    models.Index(fields=["booking"], name="idx_loyalty_trans_booking"),
                ],
            },
        ),
        live.CommentIndexes(
            {
                "idx_loyalty_customer": "The points of a customer",
                "idx_loyalty_tier": "Customers of a tier",
                "idx_loyalty_trans_customer": "The ledger of a customer",
                "idx_loyalty_trans_booking": "What a booking earned or cost in points",
            }
        ),
    ]

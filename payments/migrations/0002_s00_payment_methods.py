"""Payment methods that customers keep on file.

Why: returning customers pay without typing a card again; only the provider's reference is stored.
Locks: a new table holds off writers of customers for milliseconds; an existing one is only compared.
Way back: dropped if made here, untouched if found.
"""

from __future__ import annotations

from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models

from core.db.functions import TransactionNow
from livemigrations import operations as live


class Migration(migrations.Migration):
    sprint = 0
    dependencies = [("payments", "0001_s00_payments"), ("customers", "0001_s00_customers")]
    operations = [
        live.CreateTableIfMissing(
            name="PaymentMethod",
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
                        related_name="payment_methods",
                        to="customers.customer",
                    ),
                ),
                (
                    "type",
                    models.CharField(choices=[("card", "Card"), ("bank_account", "Bank Account")], max_length=50),
                ),
                (
                    "stripe_payment_method_id",
                    models.CharField(blank=True, max_length=255, null=True, verbose_name="Stripe method"),
                ),
                ("card_brand", models.CharField(blank=True, max_length=50, null=True)),
                (
                    "card_last4",
                    models.CharField(blank=True, max_length=4, null=True, verbose_name="last four digits"),
                ),
                (
                    "is_default",
                    models.BooleanField(blank=True, db_default=False, default=False, null=True, verbose_name="default"),
                ),
                (
                    "created_at",
                    models.DateTimeField(blank=True, db_default=TransactionNow(), editable=False, null=True),
                ),
                ("updated_at", models.DateTimeField(auto_now=True, db_default=TransactionNow(), null=True)),
            ],
            options={
                "db_table": "payment_methods",
                "indexes": [
                    models.Index(fields=["customer"], name="idx_payment_methods_customer"),
                ],
            },
        ),
        live.CommentIndexes(
            {
                "idx_payment_methods_customer": "The payment methods of a customer",
            }
        ),
    ]

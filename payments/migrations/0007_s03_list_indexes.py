"""Indexes in the order of the lists in the admin.

Why: "newest first" must be newest first on a table of any size. Without these indexes PostgreSQL sorts the whole table for
each page.
Locks: SHARE UPDATE EXCLUSIVE for as long as each build takes, which blocks neither readers nor writers: the indexes are
built concurrently where the table has rows. The comments take a lock of the same kind for milliseconds.
Reverse: the indexes are dropped concurrently.
"""

from __future__ import annotations

from django.db import migrations, models

from livemigrations import operations as live


class Migration(migrations.Migration):
    sprint = 3

    dependencies = [
        ("bookings", "0008_s03_list_indexes"),
        ("customers", "0006_s03_list_indexes"),
        ("payments", "0006_s02_loyalty"),
    ]

    operations = [
        live.AddIndex(
            model_name="deposit",
            index=models.Index(fields=["created_at", "id"], name="idx_deposits_listed"),
        ),
        live.AddIndex(
            model_name="loyaltypoints",
            index=models.Index(fields=["points", "id"], name="idx_loyalty_listed"),
        ),
        live.AddIndex(
            model_name="loyaltytransaction",
            index=models.Index(fields=["created_at", "id"], name="idx_loyalty_trans_listed"),
        ),
        live.AddIndex(
            model_name="payment",
            index=models.Index(fields=["created_at", "id"], name="idx_payments_listed"),
        ),
        live.AddIndex(
            model_name="paymentmethod",
            index=models.Index(fields=["created_at", "id"], name="idx_payment_methods_listed"),
        ),
        live.AddIndex(
            model_name="stripeevent",
            index=models.Index(fields=["received_at", "id"], name="idx_stripe_events_listed"),
        ),
        live.CommentIndexes(
            {
                "idx_deposits_listed": "Deposits, newest first: the list in the admin",
                "idx_payments_listed": "Payments, newest first: the list in the admin",
                "idx_payment_methods_listed": "Payment methods, newest first: the list in the admin",
                "idx_loyalty_listed": "Loyalty accounts by points: the list in the admin",
                "idx_loyalty_trans_listed": "Ledger entries, newest first: the list in the admin",
                "idx_stripe_events_listed": "Stripe events, newest first: the list in the admin",
            }
        ),
    ]

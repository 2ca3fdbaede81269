"""Section 1.5, for a database without deposits."""

from __future__ import annotations

from django.db import migrations, models

from benchmarks.contenders.django_plain.fields import moment, money, owner, table, text


class Migration(migrations.Migration):
    dependencies = [("plain", "0006_reminders")]
    operations = [
        migrations.CreateModel(
            "Deposit",
            table(
                ("booking", owner("Booking")),
                ("amount", money()),
                ("currency", text(3, null=True, db_default="USD")),
                ("status", text(50, db_default="pending")),
                ("stripe_payment_intent_id", text(255, null=True)),
                ("stripe_payment_method_id", text(255, null=True)),
                ("paid_at", moment()),
                ("refunded_at", moment()),
                ("cancelled_at", moment()),
                ("failure_reason", models.TextField(null=True)),
                (
                    "metadata_json",
                    models.JSONField(null=True, db_default=models.Value({}, models.JSONField())),
                ),
            ),
            options={
                "db_table": "deposits",
                "indexes": [
                    models.Index(fields=["booking"], name="idx_deposits_booking"),
                    models.Index(fields=["status"], name="idx_deposits_status"),
                    models.Index(fields=["stripe_payment_intent_id"], name="idx_deposits_stripe_intent"),
                ],
            },
        ),
    ]

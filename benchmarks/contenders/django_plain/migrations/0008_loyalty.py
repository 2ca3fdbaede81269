"""Section 2.1."""

from __future__ import annotations

from django.db import migrations, models

from benchmarks.contenders.django_plain.fields import link, moment, number, owner, table, text


class Migration(migrations.Migration):
    dependencies = [("plain", "0007_deposits")]
    operations = [
        migrations.CreateModel(
            "LoyaltyPoints",
            table(
                ("customer", owner("Customer")),
                ("points", number(db_default=0)),
                ("points_earned", number(null=True, db_default=0)),
                ("points_redeemed", number(null=True, db_default=0)),
                ("tier", text(50, null=True, db_default="bronze")),
                ("last_earned_at", moment()),
                ("last_redeemed_at", moment()),
            ),
            options={
                "db_table": "loyalty_points",
                "indexes": [
                    models.Index(fields=["customer"], name="idx_loyalty_customer"),
                    models.Index(fields=["tier"], name="idx_loyalty_tier"),
                ],
            },
        ),
        migrations.CreateModel(
            "LoyaltyTransaction",
            table(
                ("customer", owner("Customer")),
                ("loyalty_points", owner("LoyaltyPoints")),
                ("points_change", number()),
                ("reason", text(255)),
                ("booking", link("Booking")),
                updated=False,
            ),
            options={
                "db_table": "loyalty_transactions",
                "indexes": [
                    models.Index(fields=["customer"], name="idx_loyalty_trans_customer"),
                    models.Index(fields=["booking"], name="idx_loyalty_trans_booking"),
                ],
            },
        ),
    ]

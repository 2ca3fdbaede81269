"""Section 1.1."""

from __future__ import annotations

from decimal import Decimal

from django.db import migrations, models

from benchmarks.contenders.django_plain.fields import flag, money, number, table, text


class Migration(migrations.Migration):
    dependencies = [("plain", "0001_initial")]
    operations = [
        migrations.CreateModel(
            "Location",
            table(
                ("name", text(255)),
                ("address_street", text(255)),
                ("address_city", text(100)),
                ("address_state", text(2)),
                ("address_zip", text(10)),
                ("phone", text(20, null=True)),
                ("email", text(255, null=True)),
                ("capacity", number(null=True, db_default=100)),
                ("service_radius_miles", money(5, null=True, db_default=Decimal(30))),
                ("base_travel_fee", money(null=True, db_default=Decimal(0))),
                ("per_mile_fee", money(null=True, db_default=Decimal(2))),
                ("is_active", flag(default=True)),
            ),
            options={
                "db_table": "locations",
                "indexes": [
                    models.Index(fields=["is_active"], name="idx_locations_active"),
                    models.Index(fields=["address_city", "address_state"], name="idx_locations_city_state"),
                ],
            },
        ),
    ]

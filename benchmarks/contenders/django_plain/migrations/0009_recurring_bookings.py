"""The new table of section 2.2."""

from __future__ import annotations

from django.db import migrations, models

from benchmarks.contenders.django_plain.fields import flag, number, owner, table, text


class Migration(migrations.Migration):
    dependencies = [("plain", "0008_loyalty")]
    operations = [
        migrations.CreateModel(
            "RecurringBooking",
            table(
                ("customer", owner("Customer")),
                ("recurrence_pattern", text(50)),
                ("start_date", models.DateField()),
                ("end_date", models.DateField(null=True)),
                ("max_occurrences", number(null=True)),
                ("booking_template_json", models.JSONField()),
                ("is_active", flag(default=True)),
                ("created_bookings_count", number(null=True, db_default=0)),
            ),
            options={
                "db_table": "recurring_bookings",
                "indexes": [
                    models.Index(fields=["customer"], name="idx_recurring_customer"),
                    models.Index(fields=["is_active"], name="idx_recurring_active"),
                ],
            },
        ),
    ]

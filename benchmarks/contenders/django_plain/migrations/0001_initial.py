"""The legacy tables that later migrations touch; they exist, so ``--fake-initial`` only records this."""

from __future__ import annotations

from django.db import migrations

from benchmarks.contenders.django_plain.fields import moment, money, number, owner, table, text


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            "Customer",
            table(("email", text(255)), ("full_name", text(255))),
            options={"db_table": "customers"},
        ),
        migrations.CreateModel(
            "Booking",
            table(
                ("customer", owner("Customer")),
                ("event_starts_at", moment()),
                ("guests_adult", number()),
                ("status", text(50)),
                ("total_amount", money()),
            ),
            options={"db_table": "bookings"},
        ),
    ]

"""Section 1.4."""

from __future__ import annotations

from django.db import migrations, models

from benchmarks.contenders.django_plain.fields import moment, owner, table, text


class Migration(migrations.Migration):
    dependencies = [("plain", "0005_superuser_role")]
    operations = [
        migrations.CreateModel(
            "BookingReminder",
            table(
                ("booking", owner("Booking")),
                ("reminder_type", text(50)),
                ("scheduled_for", models.DateTimeField()),
                ("sent_at", moment()),
                ("status", text(50, db_default="pending")),
                ("message", models.TextField(null=True)),
                ("error_message", models.TextField(null=True)),
            ),
            options={
                "db_table": "booking_reminders",
                "indexes": [
                    models.Index(fields=["booking"], name="idx_reminders_booking"),
                    models.Index(fields=["status"], name="idx_reminders_status"),
                    models.Index(
                        fields=["scheduled_for"],
                        condition=models.Q(status="pending"),
                        name="idx_reminders_scheduled",
                    ),
                ],
            },
        ),
    ]

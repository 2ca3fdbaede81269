"""The new column of section 2.2."""

from __future__ import annotations

from django.db import migrations, models

from benchmarks.contenders.django_plain.fields import link


class Migration(migrations.Migration):
    dependencies = [("plain", "0009_recurring_bookings")]
    operations = [
        migrations.AddField("booking", "recurrence", link("RecurringBooking")),
        migrations.AddIndex("booking", models.Index(fields=["recurrence"], name="idx_bookings_recurrence")),
    ]

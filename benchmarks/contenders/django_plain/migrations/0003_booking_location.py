"""Section 1.2."""

from __future__ import annotations

from django.db import migrations, models

from benchmarks.contenders.django_plain.fields import link


class Migration(migrations.Migration):
    dependencies = [("plain", "0002_locations")]
    operations = [
        migrations.AddField("booking", "location", link("Location")),
        migrations.AddIndex("booking", models.Index(fields=["location"], name="idx_bookings_location")),
    ]

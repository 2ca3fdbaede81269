"""The view ``booking_overview`` also shows the location of a booking.

Why: readers show the time of an event in the time zone of its location, so they need to know the location.
Locks: ACCESS EXCLUSIVE on the view and ACCESS SHARE on its two tables for milliseconds, while the view is replaced.
Reverse: the view gets its earlier definition back; no row is involved.
"""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

from livemigrations import operations as live

BEFORE = """
SELECT b.id,
       b.customer_id,
       c.full_name AS customer_name,
       c.email AS customer_email,
       c.phone AS customer_phone,
       b.event_starts_at,
       b.guests_adult + coalesce(b.guests_child, 0) AS guests,
       b.status,
       b.total_amount,
       coalesce(b.currency, 'USD') AS currency,
       b.address_city,
       b.address_state
  FROM bookings b
  JOIN customers c ON c.id = b.customer_id
"""
AFTER = BEFORE.replace("       b.address_state\n", "       b.address_state,\n       b.location_id\n")


class Migration(migrations.Migration):
    sprint = 3
    dependencies = [("bookings", "0008_s03_list_indexes")]
    operations = [
        live.CreateView("booking_overview", sql=AFTER, previous=BEFORE),
        migrations.AddField(
            model_name="bookingoverview",
            name="location",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="bookings.location",
            ),
        ),
    ]

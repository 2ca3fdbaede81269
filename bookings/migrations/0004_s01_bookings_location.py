"""Which location serves a booking.

Why: capacity, crews and reports are per location. Bookings made before stay without one.
Locks: the column is added under ACCESS EXCLUSIVE, for milliseconds and without a rewrite. The index is
built concurrently. The key is added unvalidated, which holds off writers for milliseconds, and validated
while they go on.
Way back: key, index and column go in this order, each as shortly; the assignments are lost with the column.
"""

from __future__ import annotations

from django.db import migrations, models

from livemigrations import operations as live


class Migration(migrations.Migration):
    sprint = 1
    dependencies = [("bookings", "0003_s01_locations")]
    operations = [
        migrations.AddField(
            "booking",
            "location",
            models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=models.DB_SET_NULL,
                related_name="bookings",
                to="bookings.location",
            ),
        ),
        live.AddIndex("booking", models.Index(fields=["location"], name="idx_bookings_location")),
        live.AddForeignKey(
            "booking",
            "location",
            models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=models.DB_SET_NULL,
                related_name="bookings",
                to="bookings.location",
            ),
        ),
        live.CommentIndexes(
            {
                "idx_bookings_location": "The bookings of a location; SET NULL when it goes",
            }
        ),
    ]

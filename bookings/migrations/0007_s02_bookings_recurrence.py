"""Which series a booking was made from.

Why: a change to a series must find the bookings that came out of it.
Locks: as for the location: milliseconds of ACCESS EXCLUSIVE for the column, a concurrent index, a key that
is validated while traffic goes on.
Way back: key, index, column; the links are lost, the bookings stay.
"""

from __future__ import annotations

from django.db import migrations, models

from livemigrations import operations as live


class Migration(migrations.Migration):
    sprint = 2
    dependencies = [("bookings", "0006_s02_recurring_bookings")]
    operations = [
        migrations.AddField(
            "booking",
            "recurrence",
            models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=models.DB_SET_NULL,
                related_name="bookings",
                to="bookings.recurringbooking",
            ),
        ),
        live.AddIndex("booking", models.Index(fields=["recurrence"], name="idx_bookings_recurrence")),
        live.AddForeignKey(
            "booking",
            "recurrence",
            models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=models.DB_SET_NULL,
                related_name="bookings",
                to="bookings.recurringbooking",
            ),
        ),
        live.CommentIndexes(
            {
                "idx_bookings_recurrence": "The bookings of a series; SET NULL when it goes",
            }
        ),
    ]

"""Indexes in the order of the lists in the admin.

Why: "newest first" must be newest first on a table of any size. Without these indexes PostgreSQL sorts the whole table for
each page.
Locks: SHARE UPDATE EXCLUSIVE for as long as each build takes, which blocks neither readers nor writers: the indexes are
built concurrently where the table has rows. The comments take a lock of the same kind for milliseconds.
Reverse: the indexes are dropped concurrently.
"""

from __future__ import annotations

from django.db import migrations, models

from livemigrations import operations as live


class Migration(migrations.Migration):
    sprint = 3

    dependencies = [
        ("bookings", "0007_s02_bookings_recurrence"),
        ("customers", "0006_s03_list_indexes"),
    ]

    operations = [
        live.AddIndex(
            model_name="bookingreminder",
            index=models.Index(fields=["scheduled_for", "id"], name="idx_reminders_listed"),
        ),
        live.AddIndex(
            model_name="recurringbooking",
            index=models.Index(fields=["start_date", "id"], name="idx_recurring_listed"),
        ),
        live.CommentIndexes(
            {
                "idx_reminders_listed": "Reminders by due time: the list in the admin",
                "idx_recurring_listed": "Series by start date: the list in the admin",
            }
        ),
    ]

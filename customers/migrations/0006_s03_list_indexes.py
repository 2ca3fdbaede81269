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
        ("customers", "0005_s00_social"),
    ]

    operations = [
        live.AddIndex(
            model_name="customer",
            index=models.Index(fields=["full_name", "id"], name="idx_customers_listed"),
        ),
        live.AddIndex(
            model_name="lead",
            index=models.Index(fields=["created_at", "id"], name="idx_leads_listed"),
        ),
        live.AddIndex(
            model_name="newslettersubscriber",
            index=models.Index(fields=["created_at", "id"], name="idx_newsletter_listed"),
        ),
        live.AddIndex(
            model_name="socialmessage",
            index=models.Index(fields=["sent_at", "id"], name="idx_social_messages_listed"),
        ),
        live.AddIndex(
            model_name="socialthread",
            index=models.Index(fields=["updated_at", "id"], name="idx_social_threads_listed"),
        ),
        live.CommentIndexes(
            {
                "idx_customers_listed": "Customers by name: the list in the admin",
                "idx_leads_listed": "Leads, newest first: the list in the admin",
                "idx_newsletter_listed": "Subscribers, newest first: the list in the admin",
                "idx_social_messages_listed": "Messages, newest first: the list in the admin",
                "idx_social_threads_listed": "Threads by latest change: the list in the admin",
            }
        ),
    ]

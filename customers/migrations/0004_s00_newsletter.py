"""Newsletter subscribers, one row per address whatever its case.

Why: consent to receive news belongs to an address, which need not be a customer's.
Locks: none on tables in use; this one is new and refers to no other.
Way back: the table is dropped with its subscribers.
"""

from __future__ import annotations

from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models
from django.db.models import functions

from core.db.functions import TransactionNow
from livemigrations import operations as live


class Migration(migrations.Migration):
    sprint = 0
    dependencies = [("customers", "0003_s00_leads")]
    operations = [
        migrations.CreateModel(
            name="NewsletterSubscriber",
            fields=[
                (
                    "id",
                    models.UUIDField(db_default=RandomUUID(), editable=False, primary_key=True, serialize=False),
                ),
                ("email", models.EmailField(max_length=255)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("subscribed", "Subscribed"),
                            ("unsubscribed", "Unsubscribed"),
                            ("bounced", "Bounced"),
                            ("complained", "Complained"),
                        ],
                        db_default="pending",
                        default="pending",
                        max_length=50,
                    ),
                ),
                (
                    "confirm_token_hash",
                    models.CharField(blank=True, db_default="", default="", editable=False, max_length=64),
                ),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("source", models.CharField(blank=True, db_default="", default="", max_length=100)),
                ("created_at", models.DateTimeField(db_default=TransactionNow(), editable=False)),
                ("updated_at", models.DateTimeField(db_default=TransactionNow(), editable=False)),
            ],
            options={
                "db_table": "newsletter_subscribers",
                "indexes": [
                    models.Index(fields=["status"], name="idx_newsletter_status"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        functions.Lower("email"),
                        name="newsletter_subscribers_email_key",
                        violation_error_message="This address is on the list already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["pending", "subscribed", "unsubscribed", "bounced", "complained"])
                        ),
                        name="newsletter_subscribers_status_check",
                        violation_error_message="This is no status of a subscriber.",
                    ),
                ],
            },
        ),
        live.CreateTrigger(
            "newslettersubscriber",
            "set_updated_at",
            timing="BEFORE UPDATE",
            function="set_updated_at()",
            condition="OLD.* IS DISTINCT FROM NEW.*",
        ),
        live.CommentIndexes(
            {
                "idx_newsletter_status": "Subscribers who may be written to",
            }
        ),
    ]

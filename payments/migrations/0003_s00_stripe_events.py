"""Events from Stripe, each at most once.

Why: webhooks are delivered again and out of order; the unique event number makes a second delivery
harmless.
Locks: none on tables in use; this one is new and refers to no other.
Way back: the table is dropped with the events received.
"""

from __future__ import annotations

from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models

from core.db.functions import TransactionNow
from livemigrations import operations as live


class Migration(migrations.Migration):
    sprint = 0
    dependencies = [("payments", "0002_s00_payment_methods"), ("customers", "0002_s00_updated_at")]
    operations = [
        migrations.CreateModel(
            name="StripeEvent",
            fields=[
                (
                    "id",
                    models.UUIDField(db_default=RandomUUID(), editable=False, primary_key=True, serialize=False),
                ),
                ("event_id", models.CharField(max_length=255, verbose_name="event")),
                ("type", models.CharField(max_length=255)),
                ("payload", models.JSONField()),
                ("received_at", models.DateTimeField(db_default=TransactionNow())),
                ("processed_at", models.DateTimeField(blank=True, null=True)),
                ("error", models.TextField(blank=True, db_default="", default="")),
                ("created_at", models.DateTimeField(db_default=TransactionNow(), editable=False)),
                ("updated_at", models.DateTimeField(db_default=TransactionNow(), editable=False)),
            ],
            options={
                "db_table": "stripe_events",
                "indexes": [
                    models.Index(
                        condition=models.Q(("processed_at", None)),
                        fields=["received_at"],
                        name="idx_stripe_events_unprocessed",
                    ),
                    models.Index(fields=["type", "received_at"], name="idx_stripe_events_type"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("event_id",), name="stripe_events_event_id_key"),
                ],
            },
        ),
        live.CreateTrigger(
            "stripeevent",
            "set_updated_at",
            timing="BEFORE UPDATE",
            function="set_updated_at()",
            condition="OLD.* IS DISTINCT FROM NEW.*",
        ),
        live.CommentIndexes(
            {
                "idx_stripe_events_unprocessed": "Events that wait to be handled, oldest first",
                "idx_stripe_events_type": "Events of a kind, newest first: support",
            }
        ),
    ]

"""Leads: enquiries that may become bookings.

Why: sales follows up on who asked, and wants to know later which of them became customers.
Locks: the table is new. Its key to customers takes SHARE ROW EXCLUSIVE there for milliseconds: readers go
on, a writer may wait that long.
Way back: the table is dropped with its leads.
"""

from __future__ import annotations

from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models

from core.db.functions import TransactionNow
from livemigrations import operations as live


class Migration(migrations.Migration):
    sprint = 0
    dependencies = [("customers", "0002_s00_updated_at")]
    operations = [
        migrations.CreateModel(
            name="Lead",
            fields=[
                (
                    "id",
                    models.UUIDField(db_default=RandomUUID(), editable=False, primary_key=True, serialize=False),
                ),
                ("full_name", models.CharField(max_length=255)),
                ("email", models.EmailField(blank=True, db_default="", default="", max_length=255)),
                ("phone", models.CharField(blank=True, db_default="", default="", max_length=20)),
                ("source", models.CharField(blank=True, db_default="", default="", max_length=100)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("new", "New"),
                            ("contacted", "Contacted"),
                            ("qualified", "Qualified"),
                            ("won", "Won"),
                            ("lost", "Lost"),
                        ],
                        db_default="new",
                        default="new",
                        max_length=50,
                    ),
                ),
                ("event_date", models.DateField(blank=True, null=True)),
                ("guests", models.PositiveIntegerField(blank=True, null=True)),
                ("notes", models.TextField(blank=True, db_default="", default="")),
                (
                    "customer",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=models.DB_SET_NULL,
                        related_name="leads",
                        to="customers.customer",
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=TransactionNow(), editable=False)),
                ("updated_at", models.DateTimeField(db_default=TransactionNow(), editable=False)),
            ],
            options={
                "db_table": "leads",
                "indexes": [
                    models.Index(fields=["status", "-created_at"], name="idx_leads_status_created"),
                    models.Index(fields=["customer"], name="idx_leads_customer"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["new", "contacted", "qualified", "won", "lost"])),
                        name="leads_status_check",
                        violation_error_message="This is no status of a lead.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("email", ""), _negated=True),
                            models.Q(("phone", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="leads_contact_check",
                        violation_error_message="Give an email or a phone number: a lead must be reachable.",
                    ),
                ],
            },
        ),
        live.CreateTrigger(
            "lead",
            "set_updated_at",
            timing="BEFORE UPDATE",
            function="set_updated_at()",
            condition="OLD.* IS DISTINCT FROM NEW.*",
        ),
        live.CommentIndexes(
            {
                "idx_leads_status_created": "Open leads, oldest first: the sales list",
                "idx_leads_customer": "The lead that a customer came from",
            }
        ),
    ]

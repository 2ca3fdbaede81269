"""Social media: accounts, threads and messages.

Why: questions asked on a platform are answered by the same people as emails, and need one place to be read.
Locks: all three tables are new. The key of threads to customers holds off writers there for milliseconds.
Way back: the three tables are dropped, messages first.
"""

from __future__ import annotations

from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models

from core.db.functions import TransactionNow
from livemigrations import operations as live


class Migration(migrations.Migration):
    sprint = 0
    dependencies = [("customers", "0004_s00_newsletter")]
    operations = [
        migrations.CreateModel(
            name="SocialAccount",
            fields=[
                (
                    "id",
                    models.UUIDField(db_default=RandomUUID(), editable=False, primary_key=True, serialize=False),
                ),
                ("platform", models.CharField(max_length=50)),
                ("handle", models.CharField(max_length=255)),
                ("external_id", models.CharField(max_length=255, verbose_name="ID at the platform")),
                ("is_active", models.BooleanField(db_default=True, default=True)),
                ("created_at", models.DateTimeField(db_default=TransactionNow(), editable=False)),
                ("updated_at", models.DateTimeField(db_default=TransactionNow(), editable=False)),
            ],
            options={
                "db_table": "social_accounts",
                "constraints": [
                    models.UniqueConstraint(fields=("platform", "external_id"), name="social_accounts_external_id_key"),
                ],
            },
        ),
        migrations.CreateModel(
            name="SocialThread",
            fields=[
                (
                    "id",
                    models.UUIDField(db_default=RandomUUID(), editable=False, primary_key=True, serialize=False),
                ),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=models.DB_CASCADE,
                        related_name="threads",
                        to="customers.socialaccount",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=models.DB_SET_NULL,
                        related_name="social_threads",
                        to="customers.customer",
                    ),
                ),
                ("external_id", models.CharField(max_length=255, verbose_name="ID at the platform")),
                (
                    "status",
                    models.CharField(
                        choices=[("open", "Open"), ("pending", "Pending"), ("closed", "Closed")],
                        db_default="open",
                        default="open",
                        max_length=50,
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=TransactionNow(), editable=False)),
                ("updated_at", models.DateTimeField(db_default=TransactionNow(), editable=False)),
            ],
            options={
                "db_table": "social_threads",
                "indexes": [
                    models.Index(fields=["customer"], name="idx_social_threads_customer"),
                    models.Index(fields=["status", "-updated_at"], name="idx_social_threads_status"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("account", "external_id"), name="social_threads_external_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["open", "pending", "closed"])),
                        name="social_threads_status_check",
                        violation_error_message="This is no status of a thread.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SocialMessage",
            fields=[
                (
                    "id",
                    models.UUIDField(db_default=RandomUUID(), editable=False, primary_key=True, serialize=False),
                ),
                (
                    "thread",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=models.DB_CASCADE,
                        related_name="messages",
                        to="customers.socialthread",
                    ),
                ),
                (
                    "direction",
                    models.CharField(choices=[("inbound", "Inbound"), ("outbound", "Outbound")], max_length=50),
                ),
                ("body", models.TextField()),
                ("sent_at", models.DateTimeField()),
                ("external_id", models.CharField(max_length=255, verbose_name="ID at the platform")),
                ("created_at", models.DateTimeField(db_default=TransactionNow(), editable=False)),
                ("updated_at", models.DateTimeField(db_default=TransactionNow(), editable=False)),
            ],
            options={
                "db_table": "social_messages",
                "indexes": [
                    models.Index(fields=["thread", "sent_at"], name="idx_social_messages_thread"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("thread", "external_id"), name="social_messages_external_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(("direction__in", ["inbound", "outbound"])),
                        name="social_messages_direction_check",
                        violation_error_message="A message is inbound or outbound.",
                    ),
                ],
            },
        ),
        live.CreateTrigger(
            "socialaccount",
            "set_updated_at",
            timing="BEFORE UPDATE",
            function="set_updated_at()",
            condition="OLD.* IS DISTINCT FROM NEW.*",
        ),
        live.CreateTrigger(
            "socialthread",
            "set_updated_at",
            timing="BEFORE UPDATE",
            function="set_updated_at()",
            condition="OLD.* IS DISTINCT FROM NEW.*",
        ),
        live.CreateTrigger(
            "socialmessage",
            "set_updated_at",
            timing="BEFORE UPDATE",
            function="set_updated_at()",
            condition="OLD.* IS DISTINCT FROM NEW.*",
        ),
        live.CommentIndexes(
            {
                "idx_social_threads_customer": "The threads of a customer",
                "idx_social_threads_status": "Open threads, the last touched first: the inbox",
                "idx_social_messages_thread": "The messages of a thread in their order",
            }
        ),
    ]

"""Roles, each a list of permissions.

Why: rights are given to tasks, and people get tasks.
Locks: none on tables in use; this one is new.
Way back: the table is dropped with the roles.
"""

from __future__ import annotations

from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models

from core.db.functions import TransactionNow
from livemigrations import operations as live


class Migration(migrations.Migration):
    sprint = 1
    dependencies = [("adminpanel", "0001_s01_admin_users")]
    operations = [
        migrations.CreateModel(
            name="Role",
            fields=[
                (
                    "id",
                    models.UUIDField(db_default=RandomUUID(), editable=False, primary_key=True, serialize=False),
                ),
                ("name", models.CharField(max_length=100)),
                ("description", models.TextField(blank=True, null=True)),
                (
                    "permissions_json",
                    models.JSONField(
                        blank=True,
                        db_default=models.Value([], models.JSONField()),
                        default=list,
                        help_text='Such as ["*"], ["bookings.*"] or ["bookings.view_booking"].',
                        verbose_name="permissions",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(blank=True, db_default=TransactionNow(), editable=False, null=True),
                ),
                ("updated_at", models.DateTimeField(auto_now=True, db_default=TransactionNow(), null=True)),
            ],
            options={
                "db_table": "roles",
                "ordering": ("name",),
                "indexes": [
                    # lint: allow LM513 because the schema names this index beside the unique constraint
                    models.Index(fields=["name"], name="idx_roles_name"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("name",), name="roles_name_key"),
                ],
            },
        ),
        live.CommentIndexes(
            {
                "idx_roles_name": "A role by name: grants in commands and seeds",
            }
        ),
    ]

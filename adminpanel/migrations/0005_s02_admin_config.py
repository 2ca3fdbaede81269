"""Settings that staff change without a deployment.

Why: percentages, offsets and limits are decided by the business and change with it.
Locks: the table is new. Its key holds off writers of staff accounts for milliseconds.
Way back: the table is dropped with all settings.
"""

from __future__ import annotations

from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models

from core.db.functions import TransactionNow
from livemigrations import operations as live


class Migration(migrations.Migration):
    sprint = 2
    dependencies = [("adminpanel", "0004_s01_superuser_role")]
    operations = [
        migrations.CreateModel(
            name="AdminConfig",
            fields=[
                (
                    "id",
                    models.UUIDField(db_default=RandomUUID(), editable=False, primary_key=True, serialize=False),
                ),
                ("config_key", models.CharField(max_length=255, verbose_name="key")),
                ("config_value", models.TextField(verbose_name="value")),
                (
                    "value_type",
                    models.CharField(
                        choices=[
                            ("string", "String"),
                            ("number", "Number"),
                            ("boolean", "Boolean"),
                            ("json", "JSON"),
                        ],
                        max_length=50,
                        verbose_name="type",
                    ),
                ),
                ("description", models.TextField(blank=True, null=True)),
                (
                    "is_system",
                    models.BooleanField(
                        blank=True,
                        db_default=False,
                        default=False,
                        help_text="Cannot be deleted.",
                        null=True,
                        verbose_name="system",
                    ),
                ),
                # lint: allow LM512 because the schema has no index here, and settings are few
                (
                    "updated_by_admin",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=models.DB_SET_NULL,
                        related_name="+",
                        to="adminpanel.adminuser",
                        verbose_name="last changed by",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(blank=True, db_default=TransactionNow(), editable=False, null=True),
                ),
                ("updated_at", models.DateTimeField(auto_now=True, db_default=TransactionNow(), null=True)),
            ],
            options={
                "verbose_name": "setting",
                "db_table": "admin_config",
                "ordering": ("config_key",),
                "indexes": [
                    # lint: allow LM513 because the schema names this index beside the unique constraint
                    models.Index(fields=["config_key"], name="idx_admin_config_key"),
                    models.Index(fields=["is_system"], name="idx_admin_config_system"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("config_key",), name="admin_config_config_key_key"),
                ],
            },
        ),
        live.CommentIndexes(
            {
                "idx_admin_config_key": "A setting by its key: every read of the configuration",
                "idx_admin_config_system": "Settings that may not be deleted: the list's filter",
            }
        ),
    ]

"""Staff accounts.

Why: everybody who administers the business logs in under their own name, by email.
Locks: none on tables in use; this one is new.
Way back: the table is dropped with all accounts.
"""

from __future__ import annotations

from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models

from core.db.functions import TransactionNow
from livemigrations import operations as live


class Migration(migrations.Migration):
    sprint = 1
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="AdminUser",
            fields=[
                (
                    "id",
                    models.UUIDField(db_default=RandomUUID(), editable=False, primary_key=True, serialize=False),
                ),
                ("email", models.EmailField(max_length=255)),
                ("password", models.CharField(db_column="password_hash", max_length=255)),
                ("full_name", models.CharField(max_length=255)),
                (
                    "is_active",
                    models.BooleanField(
                        blank=True,
                        db_default=True,
                        default=True,
                        help_text="Only active staff can log in.",
                        null=True,
                        verbose_name="active",
                    ),
                ),
                (
                    "is_superuser",
                    models.BooleanField(
                        blank=True,
                        db_default=False,
                        default=False,
                        help_text="May do everything.",
                        null=True,
                        verbose_name="superuser",
                    ),
                ),
                (
                    "last_login",
                    models.DateTimeField(blank=True, db_column="last_login_at", editable=False, null=True),
                ),
                (
                    "created_at",
                    models.DateTimeField(blank=True, db_default=TransactionNow(), editable=False, null=True),
                ),
                ("updated_at", models.DateTimeField(auto_now=True, db_default=TransactionNow(), null=True)),
            ],
            options={
                "verbose_name": "staff account",
                "db_table": "admin_users",
                "indexes": [
                    # lint: allow LM513 because the schema names this index beside the unique constraint
                    models.Index(fields=["email"], name="idx_admin_users_email"),
                    models.Index(fields=["is_active"], name="idx_admin_users_active"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("email",), name="admin_users_email_key"),
                ],
            },
        ),
        live.CommentIndexes(
            {
                "idx_admin_users_email": "Staff by email: login, search in the admin",
                "idx_admin_users_active": "Staff who may log in: pickers and lists",
            }
        ),
    ]

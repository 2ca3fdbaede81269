"""Section 1.3."""

from __future__ import annotations

from django.db import migrations, models
from django.db.models.functions import Now

from benchmarks.contenders.django_plain.fields import flag, moment, owner, table, text


class Migration(migrations.Migration):
    dependencies = [("plain", "0003_booking_location")]
    operations = [
        migrations.CreateModel(
            "Role",
            table(
                ("name", text(100, unique=True)),
                ("description", models.TextField(null=True)),
                ("permissions_json", models.JSONField(db_default=models.Value([], models.JSONField()))),
            ),
            options={
                "db_table": "roles",
                "indexes": [models.Index(fields=["name"], name="idx_roles_name")],
            },
        ),
        migrations.CreateModel(
            "AdminUser",
            table(
                ("email", text(255, unique=True)),
                ("password_hash", text(255)),
                ("full_name", text(255)),
                ("is_active", flag(default=True)),
                ("is_superuser", flag(default=False)),
                ("last_login_at", moment()),
            ),
            options={
                "db_table": "admin_users",
                "indexes": [
                    models.Index(fields=["email"], name="idx_admin_users_email"),
                    models.Index(fields=["is_active"], name="idx_admin_users_active"),
                ],
            },
        ),
        migrations.CreateModel(
            "AdminUserRole",
            [
                ("pk", models.CompositePrimaryKey("admin_user", "role")),
                ("admin_user", owner("AdminUser")),
                ("role", owner("Role")),
                ("assigned_at", moment(db_default=Now())),
            ],
            options={"db_table": "admin_user_roles"},
        ),
    ]

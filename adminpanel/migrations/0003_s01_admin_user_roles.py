"""Who holds which role, one row per pair.

Why: an account may hold several roles, and a role is held by many.
Locks: the table is new. Its keys hold off writers of accounts and roles for milliseconds.
Way back: the table is dropped, accounts and roles stay.
"""

from __future__ import annotations

from django.db import migrations, models

from core.db.functions import TransactionNow


class Migration(migrations.Migration):
    sprint = 1
    dependencies = [("adminpanel", "0002_s01_roles")]
    operations = [
        migrations.CreateModel(
            name="AdminUserRole",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "admin_user", "role", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "admin_user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=models.DB_CASCADE,
                        related_name="role_assignments",
                        to="adminpanel.adminuser",
                    ),
                ),
                # lint: allow LM512 because the schema has no index here, and staff and roles are few
                (
                    "role",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=models.DB_CASCADE,
                        related_name="assignments",
                        to="adminpanel.role",
                    ),
                ),
                (
                    "assigned_at",
                    models.DateTimeField(blank=True, db_default=TransactionNow(), editable=False, null=True),
                ),
            ],
            options={
                "db_table": "admin_user_roles",
            },
        ),
        migrations.AddField(
            "adminuser",
            "roles",
            models.ManyToManyField(
                blank=True, related_name="holders", through="adminpanel.AdminUserRole", to="adminpanel.role"
            ),
        ),
    ]

"""The role that may do everything.

Why: the first account needs a role to hold, and everybody should find it under the same name.
Locks: one inserted row, no table.
Way back: the row is deleted, unless somebody changed it or holds it.
"""

from __future__ import annotations

from django.db import migrations

from livemigrations import operations as live


class Migration(migrations.Migration):
    sprint = 1
    dependencies = [("adminpanel", "0003_s01_admin_user_roles")]
    operations = [
        live.SeedRows(
            "adminpanel.Role",
            key=("name",),
            rows=[{"name": "superuser", "description": "Full system access", "permissions_json": ["*"]}],
        ),
    ]

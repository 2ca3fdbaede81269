"""The row of section 1.3."""

from __future__ import annotations

from typing import Any

from django.db import migrations


def insert(apps: Any, editor: Any) -> None:
    """Insert the role that may do everything."""
    role = apps.get_model("plain", "Role")
    values = {"description": "Full system access", "permissions_json": ["*"]}
    role.objects.using(editor.connection.alias).create(name="superuser", **values)


class Migration(migrations.Migration):
    dependencies = [("plain", "0004_staff")]
    operations = [migrations.RunPython(insert, migrations.RunPython.noop)]

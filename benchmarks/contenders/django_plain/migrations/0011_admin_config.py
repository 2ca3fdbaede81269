"""Section 2.3."""

from __future__ import annotations

from django.db import migrations, models

from benchmarks.contenders.django_plain.fields import flag, link, table, text


class Migration(migrations.Migration):
    dependencies = [("plain", "0010_booking_recurrence")]
    operations = [
        migrations.CreateModel(
            "AdminConfig",
            table(
                ("config_key", text(255, unique=True)),
                ("config_value", models.TextField()),
                ("value_type", text(50)),
                ("description", models.TextField(null=True)),
                ("is_system", flag(default=False)),
                ("updated_by_admin", link("AdminUser")),
            ),
            options={
                "db_table": "admin_config",
                "indexes": [
                    models.Index(fields=["config_key"], name="idx_admin_config_key"),
                    models.Index(fields=["is_system"], name="idx_admin_config_system"),
                ],
            },
        ),
    ]

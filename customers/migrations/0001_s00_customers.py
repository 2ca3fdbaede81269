"""The customers of the product: the table that an installation has, or a new one like it.

Why: everything else refers to customers, and a legacy database brings its own table with rows in it.
Locks: creating it locks nothing. An existing table is read in the catalog; its only addition can be an
index, built concurrently while customers are served.
Way back: a table made here is dropped; one that was found is left with every row.
"""

from __future__ import annotations

from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models

from core.db.functions import TransactionNow
from livemigrations import operations as live


class Migration(migrations.Migration):
    sprint = 0
    initial = True
    dependencies = []
    operations = [
        live.CreateTableIfMissing(
            name="Customer",
            fields=[
                (
                    "id",
                    models.UUIDField(db_default=RandomUUID(), editable=False, primary_key=True, serialize=False),
                ),
                ("email", models.EmailField(max_length=255)),
                ("full_name", models.CharField(max_length=255)),
                ("phone", models.CharField(blank=True, max_length=20, null=True)),
                (
                    "address_street",
                    models.CharField(blank=True, max_length=255, null=True, verbose_name="street"),
                ),
                (
                    "address_city",
                    models.CharField(blank=True, max_length=100, null=True, verbose_name="city"),
                ),
                (
                    "address_state",
                    models.CharField(blank=True, max_length=2, null=True, verbose_name="state"),
                ),
                (
                    "address_zip",
                    models.CharField(blank=True, max_length=10, null=True, verbose_name="ZIP code"),
                ),
                ("notes", models.TextField(blank=True, null=True)),
                (
                    "created_at",
                    models.DateTimeField(blank=True, db_default=TransactionNow(), editable=False, null=True),
                ),
                ("updated_at", models.DateTimeField(auto_now=True, db_default=TransactionNow(), null=True)),
            ],
            options={
                "db_table": "customers",
                "indexes": [
                    models.Index(fields=["phone"], name="idx_customers_phone"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("email",), name="customers_email_key"),
                ],
            },
        ),
        live.CommentIndexes(
            {
                "idx_customers_phone": "A customer by phone: calls and messages that come in",
            }
        ),
    ]

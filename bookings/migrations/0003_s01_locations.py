"""Locations: the kitchens, each with its reach, capacity and travel fees.

Why: the business serves from more than one place.
Locks: none on tables in use; this one is new.
Way back: the table is dropped with its locations.
"""

from __future__ import annotations

from decimal import Decimal

from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models

from core.db.functions import TransactionNow
from livemigrations import operations as live


class Migration(migrations.Migration):
    sprint = 1
    dependencies = [("bookings", "0002_s00_booking_overview")]
    operations = [
        migrations.CreateModel(
            name="Location",
            fields=[
                (
                    "id",
                    models.UUIDField(db_default=RandomUUID(), editable=False, primary_key=True, serialize=False),
                ),
                ("name", models.CharField(max_length=255)),
                ("address_street", models.CharField(max_length=255, verbose_name="street")),
                ("address_city", models.CharField(max_length=100, verbose_name="city")),
                ("address_state", models.CharField(max_length=2, verbose_name="state")),
                ("address_zip", models.CharField(max_length=10, verbose_name="ZIP code")),
                ("phone", models.CharField(blank=True, max_length=20, null=True)),
                ("email", models.EmailField(blank=True, max_length=255, null=True)),
                (
                    "capacity",
                    models.IntegerField(
                        blank=True,
                        db_default=100,
                        default=100,
                        help_text="Guests per service date.",
                        null=True,
                    ),
                ),
                (
                    "service_radius_miles",
                    models.DecimalField(
                        blank=True,
                        db_default=Decimal("30.0"),
                        decimal_places=2,
                        default=Decimal("30.0"),
                        help_text="Events farther away are not served.",
                        max_digits=5,
                        null=True,
                    ),
                ),
                (
                    "base_travel_fee",
                    models.DecimalField(
                        blank=True,
                        db_default=Decimal("0.0"),
                        decimal_places=2,
                        default=Decimal("0.0"),
                        max_digits=10,
                        null=True,
                    ),
                ),
                (
                    "per_mile_fee",
                    models.DecimalField(
                        blank=True,
                        db_default=Decimal("2.0"),
                        decimal_places=2,
                        default=Decimal("2.0"),
                        max_digits=10,
                        null=True,
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(blank=True, db_default=True, default=True, null=True, verbose_name="active"),
                ),
                (
                    "created_at",
                    models.DateTimeField(blank=True, db_default=TransactionNow(), editable=False, null=True),
                ),
                ("updated_at", models.DateTimeField(auto_now=True, db_default=TransactionNow(), null=True)),
            ],
            options={
                "db_table": "locations",
                "indexes": [
                    models.Index(fields=["is_active"], name="idx_locations_active"),
                    models.Index(fields=["address_city", "address_state"], name="idx_locations_city_state"),
                ],
            },
        ),
        live.CommentIndexes(
            {
                "idx_locations_active": "Locations that take bookings",
                "idx_locations_city_state": "Locations of a city: search",
            }
        ),
    ]

"""The view ``booking_overview``: a booking with the customer's name and contact.

Why: readers outside Django (reports, exports) get one stable shape and need not know the join.
Locks: ACCESS SHARE on both tables while the view is defined; nobody waits.
Way back: the view is dropped, no row is involved.
"""

from __future__ import annotations

from django.db import migrations, models

from livemigrations import operations as live

BOOKING_OVERVIEW = """
SELECT b.id,
       b.customer_id,
       c.full_name AS customer_name,
       c.email AS customer_email,
       c.phone AS customer_phone,
       b.event_starts_at,
       b.guests_adult + coalesce(b.guests_child, 0) AS guests,
       b.status,
       b.total_amount,
       coalesce(b.currency, 'USD') AS currency,
       b.address_city,
       b.address_state
  FROM bookings b
  JOIN customers c ON c.id = b.customer_id
"""


class Migration(migrations.Migration):
    sprint = 0
    dependencies = [("bookings", "0001_s00_bookings")]
    operations = [
        live.CreateView("booking_overview", sql=BOOKING_OVERVIEW),
        migrations.CreateModel(
            name="BookingOverview",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                (
                    "customer",
                    models.ForeignKey(on_delete=models.DO_NOTHING, related_name="+", to="customers.customer"),
                ),
                ("customer_name", models.CharField(max_length=255)),
                ("customer_email", models.CharField(max_length=255)),
                ("customer_phone", models.CharField(max_length=20, null=True)),
                ("event_starts_at", models.DateTimeField()),
                ("guests", models.IntegerField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("confirmed", "Confirmed"),
                            ("completed", "Completed"),
                            ("cancelled", "Cancelled"),
                            ("no_show", "No-show"),
                        ],
                        max_length=50,
                    ),
                ),
                ("total_amount", models.DecimalField(decimal_places=2, max_digits=10)),
                ("currency", models.CharField(max_length=3)),
                ("address_city", models.CharField(max_length=100, null=True, verbose_name="city")),
                ("address_state", models.CharField(max_length=2, null=True, verbose_name="state")),
            ],
            options={
                "verbose_name": "booking at a glance",
                "verbose_name_plural": "bookings at a glance",
                "db_table": "booking_overview",
                "managed": False,
            },
        ),
    ]

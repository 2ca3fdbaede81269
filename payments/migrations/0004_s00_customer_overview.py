"""The view ``customer_overview``: bookings and payments added up per customer.

Why: whoever talks to a customer wants the history in one line, without writing the sums again.
Locks: ACCESS SHARE on three tables while the view is defined; nobody waits.
Way back: the view is dropped, no row is involved.
"""

from __future__ import annotations

from django.db import migrations, models

from livemigrations import operations as live

CUSTOMER_OVERVIEW = """
SELECT c.id,
       c.full_name,
       c.email,
       c.phone,
       (SELECT count(*) FROM bookings b WHERE b.customer_id = c.id)::int AS bookings_count,
       (SELECT count(*)
          FROM bookings b
         WHERE b.customer_id = c.id AND b.status = 'completed'
       )::int AS completed_count,
       (SELECT min(b.event_starts_at)
          FROM bookings b
         WHERE b.customer_id = c.id AND b.status IN ('pending', 'confirmed') AND b.event_starts_at >= now()
       ) AS next_event_at,
       (SELECT max(b.event_starts_at)
          FROM bookings b
         WHERE b.customer_id = c.id AND b.status = 'completed'
       ) AS last_event_at,
       (SELECT coalesce(sum(p.amount), 0)
          FROM payments p
          JOIN bookings b ON b.id = p.booking_id
         WHERE b.customer_id = c.id AND p.status = 'succeeded'
       )::numeric(12, 2) AS paid_amount
  FROM customers c
"""


class Migration(migrations.Migration):
    sprint = 0
    dependencies = [("payments", "0003_s00_stripe_events")]
    operations = [
        live.CreateView("customer_overview", sql=CUSTOMER_OVERVIEW),
        migrations.CreateModel(
            name="CustomerOverview",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("full_name", models.CharField(max_length=255)),
                ("email", models.CharField(max_length=255)),
                ("phone", models.CharField(max_length=20, null=True)),
                ("bookings_count", models.IntegerField(verbose_name="bookings")),
                ("completed_count", models.IntegerField(verbose_name="completed")),
                ("next_event_at", models.DateTimeField(null=True, verbose_name="next event")),
                ("last_event_at", models.DateTimeField(null=True, verbose_name="last event")),
                ("paid_amount", models.DecimalField(decimal_places=2, max_digits=12, verbose_name="paid")),
            ],
            options={
                "verbose_name": "customer at a glance",
                "verbose_name_plural": "customers at a glance",
                "db_table": "customer_overview",
                "managed": False,
            },
        ),
    ]

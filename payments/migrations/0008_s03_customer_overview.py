"""The view ``customer_overview`` counts confirmed deposits as paid, with their currency, and locates the events.

Why: ``paid_amount`` left out deposits, so that staff saw less than the customer had paid. The new column
``paid_currency`` names the currency; both are NULL where the customer paid in several currencies, because amounts of
different currencies are not added up. The locations of the next and the last event tell the time zone of their times.
Locks: ACCESS EXCLUSIVE on the view and ACCESS SHARE on four tables while it is redefined, for milliseconds; no row
is read or written.
Reverse: the view is dropped and created again as it was before. No row is involved.
"""

from __future__ import annotations

from django.db import migrations, models

from livemigrations import operations as live

PREVIOUS = """
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
       coming.event_starts_at AS next_event_at,
       past.event_starts_at AS last_event_at,
       (CASE WHEN paid.currency IS NOT NULL THEN paid.amount END)::numeric(12, 2) AS paid_amount,
       paid.currency::varchar(3) AS paid_currency,
       coming.location_id AS next_event_location_id,
       past.location_id AS last_event_location_id
  FROM customers c
  LEFT JOIN LATERAL (
       SELECT b.event_starts_at, b.location_id
         FROM bookings b
        WHERE b.customer_id = c.id AND b.status IN ('pending', 'confirmed') AND b.event_starts_at >= now()
        ORDER BY b.event_starts_at, b.id
        LIMIT 1
       ) coming ON true
  LEFT JOIN LATERAL (
       SELECT b.event_starts_at, b.location_id
         FROM bookings b
        WHERE b.customer_id = c.id AND b.status = 'completed'
        ORDER BY b.event_starts_at DESC, b.id
        LIMIT 1
       ) past ON true
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(received.amount), 0) AS amount,
              CASE WHEN count(DISTINCT received.currency) <= 1
                   THEN coalesce(min(received.currency), 'USD')
              END AS currency
         FROM (SELECT p.amount, upper(coalesce(p.currency, 'USD')) AS currency
                 FROM payments p
                 JOIN bookings b ON b.id = p.booking_id
                WHERE b.customer_id = c.id AND p.status = 'succeeded'
                UNION ALL
               SELECT d.amount, upper(coalesce(d.currency, 'USD'))
                 FROM deposits d
                 JOIN bookings b ON b.id = d.booking_id
                WHERE b.customer_id = c.id AND d.status = 'confirmed'
              ) received
       ) paid
"""


class Migration(migrations.Migration):
    sprint = 3
    dependencies = [("payments", "0007_s03_list_indexes"), ("bookings", "0009_s03_booking_overview")]
    operations = [
        live.CreateView("customer_overview", sql=CUSTOMER_OVERVIEW, previous=PREVIOUS),
        migrations.AddField(
            model_name="customeroverview",
            name="paid_currency",
            field=models.CharField(max_length=3, null=True),
        ),
        migrations.AlterField(
            model_name="customeroverview",
            name="paid_amount",
            field=models.DecimalField(decimal_places=2, max_digits=12, null=True, verbose_name="paid"),
        ),
        migrations.AddField(
            model_name="customeroverview",
            name="next_event_location",
            field=models.ForeignKey(null=True, on_delete=models.DO_NOTHING, related_name="+", to="bookings.location"),
        ),
        migrations.AddField(
            model_name="customeroverview",
            name="last_event_location",
            field=models.ForeignKey(null=True, on_delete=models.DO_NOTHING, related_name="+", to="bookings.location"),
        ),
        migrations.AlterModelOptions(
            name="customeroverview",
            options={"managed": False, "verbose_name": "customer figures", "verbose_name_plural": "customer figures"},
        ),
    ]

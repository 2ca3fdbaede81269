"""The view ``customer_overview`` counts confirmed deposits as paid, and names the currency of the amount.

Why: ``paid_amount`` left out deposits, so that staff saw less than the customer had paid. The new last column
``paid_currency`` is NULL where the customer paid in several currencies: their sum is no amount of money.
Locks: ACCESS EXCLUSIVE on the view and ACCESS SHARE on four tables while it is redefined, for milliseconds; no row
is read or written.
How it is reversed: the view is dropped and created again as it was before. No row is involved.
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
       (SELECT min(b.event_starts_at)
          FROM bookings b
         WHERE b.customer_id = c.id AND b.status IN ('pending', 'confirmed') AND b.event_starts_at >= now()
       ) AS next_event_at,
       (SELECT max(b.event_starts_at)
          FROM bookings b
         WHERE b.customer_id = c.id AND b.status = 'completed'
       ) AS last_event_at,
       paid.amount::numeric(12, 2) AS paid_amount,
       paid.currency::varchar(3) AS paid_currency
  FROM customers c
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
    dependencies = [("payments", "0007_s03_list_indexes")]
    operations = [
        live.CreateView("customer_overview", sql=CUSTOMER_OVERVIEW, previous=PREVIOUS),
        migrations.AddField(
            model_name="customeroverview",
            name="paid_currency",
            field=models.CharField(max_length=3, null=True),
        ),
        migrations.AlterModelOptions(
            name="customeroverview",
            options={"managed": False, "verbose_name": "customer figures", "verbose_name_plural": "customer figures"},
        ),
    ]

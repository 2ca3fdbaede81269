\set booking random(1, :bookings)
SELECT b.status, b.total_amount, b.event_starts_at, c.full_name
  FROM bookings b JOIN customers c ON c.id = b.customer_id
 WHERE b.id = md5('booking' || :booking)::uuid;
SELECT id, status, event_starts_at
  FROM bookings
 WHERE customer_id = md5('customer' || 1 + :booking::int % :customers::int)::uuid
 ORDER BY event_starts_at DESC LIMIT 20;

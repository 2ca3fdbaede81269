\set booking random(1, :bookings)
BEGIN;
INSERT INTO bookings (customer_id, event_starts_at, guests_adult, guests_child, address_city, total_amount)
VALUES (md5('customer' || 1 + :booking::int % :customers::int)::uuid, now() + interval '6 weeks', 18, 3, 'Fremont', 1080);
UPDATE bookings SET status = 'confirmed', updated_at = now() WHERE id = md5('booking' || :booking)::uuid;
INSERT INTO payments (booking_id, amount, method, status)
VALUES (md5('booking' || :booking)::uuid, 150, 'card', 'pending');
UPDATE customers SET notes = 'wrote to us', updated_at = now()
 WHERE id = md5('customer' || 1 + :booking::int % :customers::int)::uuid;
COMMIT;

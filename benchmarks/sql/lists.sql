-- Rows for the lists of the admin; psql sets the variable rows.
INSERT INTO locations (name, address_street, address_city, address_state, address_zip)
SELECT name, '1 R Street', name, state, zip FROM (VALUES ('Sacramento', 'CA', '95811'), ('Reno', 'NV', '89501')) v (name, state, zip);
INSERT INTO customers (email, full_name, phone, created_at)
SELECT 'customer' || n || '@example.com', 'Customer ' || md5(n::text), '+1916555' || n, now() - n * interval '1 minute'
FROM generate_series(1, :rows) n;
INSERT INTO bookings (customer_id, location_id, event_starts_at, guests_adult, status, total_amount, created_at)
SELECT c.id, l.id, now() + (n - :rows / 2) * interval '10 minutes', 10 + n % 20,
       (ARRAY['pending', 'confirmed', 'completed', 'cancelled'])[1 + n % 4], 550 + n % 900, now() - n * interval '1 minute'
FROM (SELECT id, row_number() OVER () AS n FROM customers) c
JOIN (SELECT id, row_number() OVER () AS k FROM locations) l ON l.k = 1 + n % 2;
INSERT INTO booking_reminders (booking_id, reminder_type, scheduled_for)
SELECT id, 'email', event_starts_at - interval '1 day' FROM bookings;
INSERT INTO deposits (booking_id, amount, created_at) SELECT id, 100, created_at FROM bookings;
INSERT INTO payments (booking_id, amount, method, created_at) SELECT id, 450, 'card', created_at FROM bookings;
INSERT INTO loyalty_points (customer_id, points) SELECT id, 100 FROM customers;
INSERT INTO loyalty_transactions (customer_id, loyalty_points_id, points_change, reason, created_at)
SELECT customer_id, p.id, 100, 'Event completed', c.created_at FROM loyalty_points p JOIN customers c ON c.id = customer_id;
INSERT INTO stripe_events (event_id, type, payload, received_at)
SELECT 'evt_' || n, 'payment_intent.succeeded', '{}', now() - n * interval '1 minute' FROM generate_series(1, :rows) n;
INSERT INTO admin_users (email, password_hash, full_name, is_superuser, last_login_at)
VALUES ('benchmark@example.com', '!', 'Benchmark', true, now());
VACUUM ANALYZE;

"""The database before Sprint 1, filled to any size: loaded once, then copied for every run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from benchmarks.server import ROOT, Server

DATA = ROOT / "tests" / "data"
PLAN = DATA / "plan_sprints_1_2.sql"

EXPECTED = [
    "locations",
    "roles",
    "admin_users",
    "admin_user_roles",
    "booking_reminders",
    "deposits",
    "loyalty_points",
    "loyalty_transactions",
    "recurring_bookings",
    "admin_config",
    "idx_locations_active",
    "idx_locations_city_state",
    "idx_bookings_location",
    "idx_admin_users_email",
    "idx_admin_users_active",
    "idx_roles_name",
    "idx_reminders_booking",
    "idx_reminders_status",
    "idx_reminders_scheduled",
    "idx_deposits_booking",
    "idx_deposits_status",
    "idx_deposits_stripe_intent",
    "idx_loyalty_customer",
    "idx_loyalty_tier",
    "idx_loyalty_trans_customer",
    "idx_loyalty_trans_booking",
    "idx_recurring_customer",
    "idx_recurring_active",
    "idx_bookings_recurrence",
    "idx_admin_config_key",
    "idx_admin_config_system",
]

_LACKING = """
SELECT name FROM unnest(%(names)s::text[]) name LEFT JOIN pg_class c ON c.oid = to_regclass('public.' || name)
  LEFT JOIN pg_index i ON i.indexrelid = c.oid
 WHERE c.oid IS NULL OR NOT coalesce(i.indisvalid, true)
UNION ALL
SELECT 'the foreign key of bookings.' || name FROM unnest(ARRAY['location_id', 'recurrence_id']) name
 WHERE NOT EXISTS (
    SELECT FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND k.conkey = ARRAY[a.attnum]
     WHERE k.conrelid = 'bookings'::regclass AND k.contype = 'f' AND k.convalidated AND a.attname = name)
"""


@contextlib.contextmanager
def template(server: Server, bookings: int, name: str = "bench_legacy") -> Iterator[str]:
    """Load ``bookings`` bookings (a fifth as many customers, as many payments); yield the template's name."""
    with server.database(name) as url:
        server.psql(url, "-f", DATA / "legacy_schema.sql")
        server.psql(url, "-v", f"bookings={bookings}", "-f", DATA / "legacy_data.sql")
        server.psql(url, "-c", "VACUUM (FREEZE, ANALYZE)")
        yield name


def customers(bookings: int) -> int:
    """Return how many customers a database of so many bookings has."""
    return max(bookings // 5, 1)


def lacking(server: Server, database: str) -> list[str]:
    """Return what Sprints 1 and 2 should have made and what is not there, or not valid."""
    with server.connect(database) as connection:
        return [str(row[0]) for row in connection.execute(_LACKING, {"names": EXPECTED})]

"""The settings that every installation starts with.

Why: the product must know a deposit's percentage before anybody has opened the settings page.
Locks: inserted rows, no table. A key that exists keeps the value that staff gave it.
Way back: those still as seeded are deleted, changed ones stay until their table goes.
"""

from __future__ import annotations

from django.db import migrations

from livemigrations import operations as live

DEFAULTS = [
    ("bookings.currency", "USD", "string", "Currency of new bookings, as an ISO code."),
    ("bookings.pending_expires_hours", "48", "number", "Hours after which an unconfirmed booking expires."),
    (
        "cancellation.policy",
        '[{"days_before": 7, "refund_percent": 100}, {"days_before": 3, "refund_percent": 50}]',
        "json",
        "Share of the deposit that is paid back, by days before the event; the first that fits counts.",
    ),
    ("deposits.required", "true", "boolean", "Whether a booking needs a deposit before it is confirmed."),
    ("deposits.percent", "20", "number", "Deposit in percent of the booking's total."),
    ("deposits.minimum_amount", "100.00", "number", "Smallest deposit, in the booking's currency."),
    ("loyalty.points_per_currency_unit", "1", "number", "Points earned for each unit of currency spent."),
    (
        "loyalty.tier_multipliers",
        '{"bronze": 1, "silver": 1.25, "gold": 1.5, "platinum": 2}',
        "json",
        "Factor on the points earned, by tier.",
    ),
    (
        "loyalty.tier_thresholds",
        '{"silver": 2000, "gold": 5000, "platinum": 10000}',
        "json",
        "Points earned within twelve months that lift a customer into a tier.",
    ),
    ("loyalty.points_per_credit_unit", "100", "number", "Points that pay for one unit of currency."),
    ("loyalty.expiry_months", "24", "number", "Months after which unused points expire."),
    ("reminders.enabled", "true", "boolean", "Whether reminders are sent at all."),
    (
        "reminders.offsets_hours",
        "[168, 72, 24]",
        "json",
        "Hours before the event at which reminders are due.",
    ),
    ("reminders.default_type", "both", "string", "email, sms or both, where the customer has no preference."),
    (
        "reminders.quiet_hours",
        '{"from": "21:00", "to": "09:00"}',
        "json",
        "No text messages between these hours of the customer's day.",
    ),
    (
        "waitlist.offer_hours",
        "24",
        "number",
        "Hours for which a freed place is held for whoever is offered it.",
    ),
]


class Migration(migrations.Migration):
    sprint = 2
    dependencies = [("adminpanel", "0005_s02_admin_config")]
    operations = [
        live.SeedRows(
            "adminpanel.AdminConfig",
            key=("config_key",),
            rows=[
                {
                    "config_key": key,
                    "config_value": value,
                    "value_type": kind,
                    "description": description,
                    "is_system": True,
                }
                for key, value, kind, description in DEFAULTS
            ],
        ),
    ]

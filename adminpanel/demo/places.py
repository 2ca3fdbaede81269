"""The four demo kitchens."""

from __future__ import annotations

from decimal import Decimal
from zoneinfo import ZoneInfo

from adminpanel.demo.dice import key
from bookings.models import Location

ZONE = ZoneInfo("America/Los_Angeles")
_KITCHENS = (
    ("Sacramento", "1410 R Street", "Sacramento", "CA", "95811", "+19165550110", 140),
    ("San Jose", "355 Race Street", "San Jose", "CA", "95126", "+14085550120", 160),
    ("Fremont", "3909 Thornton Avenue", "Fremont", "CA", "94536", "+15105550130", 100),
    ("Reno", "601 South Virginia Street", "Reno", "NV", "89501", "+17755550140", 80),
)


def locations() -> list[Location]:
    """Four kitchens in California and Nevada, unsaved."""
    return [
        Location(
            id=key("location", number),
            name=f"{name} kitchen",
            address_street=street,
            address_city=city,
            address_state=state,
            address_zip=code,
            phone=phone,
            email=f"{name.lower().replace(' ', '')}@teppan.example",
            capacity=capacity,
            base_travel_fee=Decimal("25.00"),
        )
        for number, (name, street, city, state, code, phone, capacity) in enumerate(_KITCHENS)
    ]

"""Demo customers, and others who may become some."""

from __future__ import annotations

from datetime import datetime, timedelta

from adminpanel.demo.dice import dice, key
from adminpanel.demo.places import locations
from customers.models import Customer, Lead, NewsletterSubscriber, SocialAccount, SocialMessage, SocialThread

CUSTOMERS = 300
_FIRST = (
    *("Amara", "Bruno", "Camille", "Dmitri", "Esther", "Farid", "Gabriela", "Hana", "Isaac", "Jasmine"),
    *("Kenji", "Leila", "Marcus", "Nadia", "Oscar", "Priya", "Quentin", "Rosa", "Stefan", "Thanh"),
)
_LAST = (
    *(
        "Abbott",
        "Benitez",
        "Castillo",
        "Delgado",
        "Ekström",
        "Foster",
        "Gupta",
        "Hoffman",
        "Ibarra",
        "Johansson",
    ),
    *("Kowalski", "Larsen", "Mbeki", "Nakamura", "Okafor", "Petrov", "Quinn", "Rossi", "Shah", "Takahashi"),
)
_STREETS = (
    "Alder Way",
    "Birch Street",
    "Cypress Court",
    "Dogwood Lane",
    "Elm Drive",
    "Fir Road",
    "Grove Avenue",
)
_NOTES = (
    "Gate code is 2210.",
    "Prefers text messages.",
    "Allergic to shellfish.",
    "Has a large covered patio.",
)


def customers(now: datetime) -> list[Customer]:
    """Three hundred customers near the kitchens, who joined within the last two years, unsaved."""
    roll, homes = dice("customers"), locations()
    made = []
    for number in range(CUSTOMERS):
        first, last = _FIRST[number % 20], _LAST[(number // 20 + number) % 20]
        home = homes[number % len(homes)]
        made.append(
            Customer(
                id=key("customer", number),
                full_name=f"{first} {last}",
                email=f"{first}.{last}.{number}@example.com".lower().replace("ö", "o"),
                phone=f"{(home.phone or '')[:5]}55{roll.randrange(100000):05}",
                address_street=f"{roll.randrange(1, 9900)} {roll.choice(_STREETS)}",
                address_city=home.address_city,
                address_state=home.address_state,
                address_zip=home.address_zip,
                notes=roll.choice(_NOTES) if roll.random() < 0.15 else None,
                created_at=now - timedelta(days=roll.randrange(90, 730), minutes=roll.randrange(1440)),
            )
        )
    return made


def leads(now: datetime) -> list[Lead]:
    """Forty enquiries; those that were won point at a customer, unsaved."""
    roll = dice("leads")
    made = []
    for number in range(40):
        status = roll.choice(Lead.Status.values)
        made.append(
            Lead(
                id=key("lead", number),
                full_name=f"{roll.choice(_FIRST)} {roll.choice(_LAST)}",
                email=f"lead{number}@example.com",
                source=roll.choice(("website", "instagram", "phone", "referral")),
                status=status,
                event_date=(now + timedelta(days=roll.randrange(5, 120))).date(),
                guests=roll.randrange(8, 60),
                customer_id=key("customer", number) if status == Lead.Status.WON else None,
                created_at=now - timedelta(hours=roll.randrange(1, 1000)),
            )
        )
    return made


def subscribers(now: datetime) -> list[NewsletterSubscriber]:
    """Eighty newsletter subscribers, unsaved."""
    roll = dice("newsletter")
    made = []
    for number in range(80):
        status = roll.choice(("subscribed", "subscribed", "subscribed", "pending", "unsubscribed", "bounced"))
        made.append(
            NewsletterSubscriber(
                id=key("subscriber", number),
                email=f"reader{number}@example.com",
                status=status,
                confirmed_at=None if status == "pending" else now - timedelta(days=roll.randrange(1, 300)),
                source=roll.choice(("website", "checkout", "event")),
            )
        )
    return made


def social(now: datetime) -> tuple[list[SocialAccount], list[SocialThread], list[SocialMessage]]:
    """Two accounts with twenty threads of three messages each, unsaved."""
    accounts = [
        SocialAccount(id=key("account", name), platform=name, handle="@teppan", external_id=f"{name}-1")
        for name in ("instagram", "facebook")
    ]
    threads, messages = [], []
    for number in range(20):
        thread = SocialThread(
            id=key("thread", number),
            account_id=accounts[number % 2].pk,
            customer_id=key("customer", number * 7) if number % 3 == 0 else None,
            external_id=f"t-{number:04}",
            status=SocialThread.Status.values[number % 3],
        )
        threads.append(thread)
        talk = (
            "Do you serve our area?",
            "Yes, within thirty miles of the kitchen.",
            "Great, we are twenty people.",
        )
        messages += [
            SocialMessage(
                id=key("message", f"{number}/{turn}"),
                thread_id=thread.pk,
                direction=SocialMessage.Direction.OUTBOUND if turn == 1 else SocialMessage.Direction.INBOUND,
                body=body,
                sent_at=now - timedelta(hours=number * 5, minutes=30 - turn * 10),
                external_id=f"m-{number:04}-{turn}",
            )
            for turn, body in enumerate(talk)
        ]
    return accounts, threads, messages

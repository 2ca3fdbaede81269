"""What the database itself refuses and keeps, in the tables of Sprint 0."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from customers.models import Customer, Lead, NewsletterSubscriber, SocialAccount, SocialMessage, SocialThread


def thread(customer: Customer | None = None) -> SocialThread:
    account = SocialAccount.objects.create(platform="instagram", handle="@us", external_id="1")
    return SocialThread.objects.create(account=account, customer=customer, external_id="t")


def test_defaults_come_from_the_database(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO leads (full_name, phone) VALUES ('Raw', '5551') RETURNING id")
        (key,) = cursor.fetchone()
    lead = Lead.objects.get(pk=key)
    assert (lead.status, lead.email, lead.notes) == ("new", "", "")
    assert lead.created_at == lead.updated_at


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"status": "maybe", "phone": "1"}, "leads_status_check"),
        ({}, "leads_contact_check"),
        ({"phone": "1", "guests": -1}, "guests"),
    ],
)
def test_a_bad_lead_is_refused(db: None, values: dict[str, object], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Lead.objects.create(full_name="Bad", **values)
    assert not Lead.objects.exists()


def test_an_address_subscribes_once_whatever_its_case(db: None) -> None:
    NewsletterSubscriber.objects.create(email="Ana@Example.com")
    with pytest.raises(IntegrityError, match="newsletter_subscribers_email_key"), transaction.atomic():
        NewsletterSubscriber.objects.create(email="ana@example.COM")
    with pytest.raises(IntegrityError, match="newsletter_subscribers_status_check"), transaction.atomic():
        NewsletterSubscriber.objects.create(email="other@example.com", status="lost")
    assert NewsletterSubscriber.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_trigger_keeps_updated_at_for_every_writer() -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    row = NewsletterSubscriber.objects.create(email="a@example.com", created_at=long_ago, updated_at=long_ago)
    NewsletterSubscriber.objects.update(email="a@example.com")
    row.refresh_from_db()
    assert row.updated_at == long_ago
    with connection.cursor() as cursor:
        cursor.execute("UPDATE newsletter_subscribers SET source = 'event', updated_at = '2020-02-02'")
    row.refresh_from_db()
    assert row.updated_at > datetime(2026, 1, 1, tzinfo=UTC)
    assert row.created_at == long_ago


def test_a_conversation_outlives_the_customer(db: None) -> None:
    customer = Customer.objects.create(email="c@example.com", full_name="C")
    talk = thread(customer)
    customer.delete()
    talk.refresh_from_db()
    assert talk.customer is None


def test_messages_go_with_their_account_and_come_once(db: None) -> None:
    talk = thread()
    message = {"thread": talk, "body": "Hi", "sent_at": timezone.now(), "external_id": "m", "direction": "inbound"}
    SocialMessage.objects.create(**message)
    with pytest.raises(IntegrityError, match="social_messages_external_id_key"), transaction.atomic():
        SocialMessage.objects.create(**message)
    with pytest.raises(IntegrityError, match="social_messages_direction_check"), transaction.atomic():
        SocialMessage.objects.create(**(message | {"direction": "sideways", "external_id": "n"}))
    talk.account.delete()
    assert not SocialMessage.objects.exists()


def test_an_email_books_once(db: None) -> None:
    Customer.objects.create(email="c@example.com", full_name="C")
    with pytest.raises(IntegrityError, match="customers_email_key"), transaction.atomic():
        Customer.objects.create(email="c@example.com", full_name="D")
    assert Customer.objects.count() == 1

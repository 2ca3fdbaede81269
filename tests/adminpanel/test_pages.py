"""Every list, delete and history page of every registered model, as a person reads it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser

import pytest
import pytest_django
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import models, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from adminpanel.demo import load_demo
from adminpanel.models import AdminUser

type AtWork = Callable[[AdminUser], Client]

MODELS = [
    model
    for model in admin.site._registry
    if model._meta.app_label in {"customers", "bookings", "payments", "adminpanel"}
]
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label_lower)


class Reader(HTMLParser):
    """Collects the text of a page, and apart from it the text of titles and headings."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text, self.titles = "", ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember the elements whose text matters."""
        if tag in {"title", "h1", "h2", "th", "script", "style"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Forget an element that ends."""
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        if "script" in self.open or "style" in self.open:
            return
        self.text += f"{data} "
        if self.open:
            self.titles += f"{data} "


@pytest.fixture(scope="module", autouse=True)
def demo_rows(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker) -> Iterator[None]:
    """The demo rows, loaded once for all tests here, each of which is rolled back to them."""
    with django_db_blocker.unblock(), transaction.atomic():
        assert load_demo(at=timezone.now())
        yield
        transaction.set_rollback(True)


@pytest.fixture
def demo(db: None) -> AdminUser:
    """The demo superuser."""
    return AdminUser.objects.get(email="demo@teppan.example")


def url(model: type[models.Model], page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def read(client: Client, address: str, *expected: int) -> Reader:
    answer = client.get(address)
    assert answer.status_code in expected, address
    reader = Reader(answer.text)
    assert "object at 0x" not in reader.text, address
    assert " object (" not in reader.text, address
    assert not UUID.search(reader.titles), (address, reader.titles)
    return reader


@every_model
def test_lists(demo: AdminUser, at_work: AtWork, model: type[models.Model]) -> None:
    page = read(at_work(demo), url(model, "changelist"), 200)
    assert str(model._meta.verbose_name_plural).lower() in page.titles.lower()


@every_model
def test_delete_pages(demo: AdminUser, at_work: AtWork, model: type[models.Model]) -> None:
    row = model._default_manager.exclude(pk=demo.pk).first()
    assert row is not None
    client = at_work(demo)
    page = read(client, url(model, "delete", row.pk), 200, 403)
    assert "gettext" not in page.text
    assert "don't have permission" not in page.text
    assert not UUID.search(page.text), page.text
    assert model._default_manager.filter(pk=row.pk).exists()


@every_model
def test_history_pages(demo: AdminUser, at_work: AtWork, model: type[models.Model]) -> None:
    row = model._default_manager.first()
    assert row is not None
    LogEntry.objects.log_actions(demo.pk, [row], CHANGE, "Changed the phone.", single_object=True)
    page = read(at_work(demo), url(model, "history", row.pk), 200)
    assert "Changed the phone." in page.text
    assert demo.full_name in page.text

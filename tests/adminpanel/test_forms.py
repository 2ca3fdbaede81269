"""Every add page and every change page, read as a person reads it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape

import pytest
import pytest_django
from django.contrib import admin
from django.db import models, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from adminpanel.demo import load_demo
from adminpanel.models import AdminUser
from core.admin.base import StaffAdmin

type AtWork = Callable[[AdminUser], Client]

OURS = ("customers", "bookings", "payments", "adminpanel")
REGISTERED = [model for model in admin.site._registry if model._meta.app_label in OURS]
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
RECORD = {"ID", "Created at", "Updated at", "Created", "Updated"}

every_model = pytest.mark.parametrize("model", REGISTERED, ids=lambda model: str(model._meta.label_lower))


@pytest.fixture(scope="module", autouse=True)
def demo_rows(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker) -> Iterator[None]:
    """The demo rows, loaded once for all tests here, each of which is rolled back to them."""
    with django_db_blocker.unblock(), transaction.atomic():
        assert load_demo(at=timezone.now())
        yield
        transaction.set_rollback(True)


@pytest.fixture
def client(db: None, at_work: AtWork) -> Client:
    """The demo superuser's browser."""
    return at_work(AdminUser.objects.get(email="demo@teppan.example"))


def address(model: type[models.Model], page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def content(page: str) -> str:
    """The part of a page that belongs to the row."""
    return page[page.index('id="content-main"') :]


def texts(html: str, pattern: str) -> list[str]:
    """What the elements that match ``pattern`` say, without markup."""
    found = (re.sub(r"<[^>]+>", "", one[1]) for one in re.finditer(pattern, html, re.DOTALL))
    return [unescape(" ".join(text.split())) for text in found]


def labels(html: str) -> list[str]:
    return [text.rstrip(":") for text in texts(html, r"<(?:label|legend)[^>]*>(.*?)</(?:label|legend)>")]


def read_only_values(html: str) -> list[str]:
    return texts(html, r'<div class="readonly[^"]*">(.*?)</div>')


def assert_readable(page: str) -> None:
    """Nothing on the page is a value of Python or of the database that no person can read."""
    assert "object at 0x" not in page
    assert "DatabaseDefault" not in page
    form = content(page)
    assert not re.search(r">\s*(None|null)\s*<", form)
    assert not re.search(r'value="(None|null)"', form)
    assert not re.search(r"<textarea[^>]*>\s*(null|None)\s*</textarea>", form)
    for heading in texts(page, r"<(?:title|h1|h2)[^>]*>(.*?)</(?:title|h1|h2)>"):
        assert not UUID.search(heading), heading
    assert [label for label in labels(form) if UUID.search(label) or label in {"Id", ""} or "_" in label] == []
    for value in [*read_only_values(form), *texts(form, r"<textarea[^>]*>(.*?)</textarea>")][:1]:
        assert not value.startswith(("{", "[")), value


@every_model
def test_an_add_page_shows_only_what_can_be_entered(client: Client, model: type[models.Model]) -> None:
    response = client.get(address(model, "add"))
    if response.status_code == 403:
        assert not admin.site.get_model_admin(model).has_add_permission(response.wsgi_request)
        return
    assert response.status_code == 200
    assert_readable(response.text)
    form = content(response.text)
    assert read_only_values(form) == []
    assert RECORD & set(labels(form)) == set()


@every_model
def test_a_change_page_shows_the_record_in_a_section_of_its_own(client: Client, model: type[models.Model]) -> None:
    for row in model._default_manager.order_by("pk")[:3]:
        response = client.get(address(model, "change", row.pk))
        assert response.status_code == 200
        assert_readable(response.text)
        before, _, record = content(response.text).partition("Record")
        assert "ID" in labels(record)
        assert str(row.pk) in read_only_values(record)
        assert RECORD & set(labels(before)) == set()


@every_model
def test_a_status_is_never_a_field_to_fill_in(client: Client, model: type[models.Model]) -> None:
    row = model._default_manager.first()
    assert row is not None
    for path in (address(model, "add"), address(model, "change", row.pk)):
        response = client.get(path)
        if response.status_code == 200:
            assert not re.search(r'name="status"', content(response.text)), path


def test_no_admin_class_lists_record_fields_by_hand() -> None:
    record = {"id", "created_at", "updated_at"}
    for model in REGISTERED:
        page = admin.site.get_model_admin(model)
        assert isinstance(page, StaffAdmin)
        assert record & set(page.readonly_fields) == set(), model
        assert not re.search("id|created_at|updated_at", str(page.fieldsets)) or not record & {
            name for _, options in page.fieldsets or () for name in options["fields"] if isinstance(name, str)
        }, model

"""Runs inside a host: a browser of a superuser opens, writes and deletes on each page of ours.

``main`` loads the demo rows, logs in, and prints as JSON what went wrong: addresses with the status of their answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from adminpanel.demo import load_demo
from adminpanel.models import AdminConfig, AdminUser, Role
from adminpanel.sites import LABELS
from bookings.models import Location

OPEN, FORBIDDEN, MOVED = 200, 403, 302


def addresses(model: type[Model]) -> Iterator[str]:
    """The pages of a model, with those of its first row."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    yield reverse(f"{name}_changelist")
    yield reverse(f"{name}_add")
    row = model._base_manager.first()
    assert row is not None, f"no row of {model.__name__}"
    for page in ("change", "history", "delete"):
        yield reverse(f"{name}_{page}", args=[row.pk])


def opened(client: Client) -> dict[str, int]:
    """The addresses of all pages, each with the status of its answer."""
    models = [model for label in LABELS for model in apps.get_app_config(label).get_models()]
    pages = [page for model in models if model.__name__ != "AdminUserRole" for page in addresses(model)]
    fixed = [reverse("admin:index"), reverse("admin:password_change"), *(f"/admin/{label}/" for label in LABELS)]
    return {page: client.get(page).status_code for page in [*fixed, *pages]}


def written(client: Client) -> list[str]:
    """Add, change and delete rows whose pages ask who is at the keyboard; return what did not work."""
    failed = []
    before = LogEntry.objects.count()
    role = Role.objects.get(name="operations")
    account = AdminUser.objects.get(email="paul@teppan.example")
    number = AdminConfig.objects.filter(value_type="string", is_system=True).first()
    location = Location.objects.create(name="To be deleted")
    assert number is not None
    forms = {
        reverse("admin:adminpanel_adminuser_add"): {
            "email": "new@example.com", "full_name": "New", "usable_password": "true",
            "password1": "a-long-phrase-2", "password2": "a-long-phrase-2",
        },
        reverse("admin:adminpanel_adminuser_change", args=[account.pk]): {
            "email": account.email, "full_name": "Paul", "is_active": "on", "held_roles": [str(role.pk)],
        },
        reverse("admin:adminpanel_role_change", args=[role.pk]): {
            "name": role.name, "description": "Bookings", "permissions_json": "bookings.*",
        },
        reverse("admin:adminpanel_adminconfig_change", args=[number.pk]): {"config_value": number.config_value},
        reverse("admin:bookings_location_delete", args=[location.pk]): {"post": "yes"},
    }  # fmt: skip
    for address, data in forms.items():
        answer = client.post(address, data)
        if answer.status_code != MOVED:
            failed.append(f"{address} {answer.status_code} {answer.context and answer.context.get('errors')}")
    if LogEntry.objects.count() != before + len(forms):
        failed.append("the history does not have an entry for each change")
    if list(account.roles.all()) != [role]:
        failed.append("the roles were not stored")
    return failed


def main(username: str, password: str) -> None:
    """Do all of it as one user of the host."""
    client = Client(SERVER_NAME="localhost")
    AdminUser.objects.all().delete()
    assert load_demo(at=timezone.now()), "the database has rows"
    sent = client.post("/admin/login/?next=/admin/", {"username": username, "password": password})
    assert sent.status_code == MOVED, "the login was refused"
    statuses = opened(client)
    user = get_user_model().objects.get(**{get_user_model().USERNAME_FIELD: username})
    print(
        json.dumps(
            {
                "opened": sum(status == OPEN for status in statuses.values()),
                "forbidden": [page for page, status in statuses.items() if status == FORBIDDEN],
                "broken": {page: status for page, status in statuses.items() if status not in {OPEN, FORBIDDEN}},
                "failed": written(client),
                "last_login": user.last_login is not None,
                "changed_by": [str(row.updated_by_admin) for row in AdminConfig.objects.exclude(updated_by_admin=None)],
            }
        )
    )

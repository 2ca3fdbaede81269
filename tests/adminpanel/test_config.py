"""Settings: typed, seeded, and safe to edit."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from adminpanel.errors import UnknownSetting
from adminpanel.models import AdminConfig, AdminUser
from adminpanel.selectors.settings import setting


def test_every_seeded_setting_can_be_read_as_its_type(db: None) -> None:
    rows = AdminConfig.objects.all()
    assert rows.count() >= 10
    for row in rows:
        row.full_clean()
        assert row.is_system
        assert row.description


def test_values_have_their_type(db: None) -> None:
    assert setting("deposits.percent") == Decimal(20)
    assert setting("reminders.enabled") is True
    assert setting("reminders.offsets_hours") == [168, 72, 24]
    assert setting("bookings.currency") == "USD"
    with pytest.raises(UnknownSetting, match=r"no\.such"):
        setting("no.such")


@pytest.mark.parametrize(
    ("kind", "text"),
    [("number", "twelve"), ("number", "NaN"), ("boolean", "yes"), ("json", "{"), ("boolean", "")],
)
def test_a_text_of_another_type_is_refused(kind: str, text: str) -> None:
    with pytest.raises(ValidationError, match=f"is no {kind}"):
        AdminConfig(config_key="k", config_value=text, value_type=kind).clean()


def test_a_system_setting_changes_its_value_alone(boss: AdminUser, at_work: Callable[[AdminUser], Client]) -> None:
    row = AdminConfig.objects.get(config_key="deposits.percent")
    path = f"/admin/adminpanel/adminconfig/{row.pk}/"
    client = at_work(boss)
    data = {"config_key": "other", "value_type": "string", "config_value": "25"}
    assert client.post(f"{path}change/", data).status_code == 302
    row.refresh_from_db()
    assert (row.config_key, row.value_type, row.value()) == ("deposits.percent", "number", Decimal(25))
    assert row.updated_by_admin == boss
    assert "is no number" in client.post(f"{path}change/", data | {"config_value": "many"}).text
    assert client.post(f"{path}delete/", {"post": "yes"}).status_code == 403
    assert AdminConfig.objects.filter(pk=row.pk).exists()

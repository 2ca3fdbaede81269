"""Settings in the admin: validated by their declarations, and safe to edit."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import Client

from adminpanel.errors import SettingRefused
from adminpanel.models import AdminConfig, AdminUser
from adminpanel.selectors.permissions import actor_of
from adminpanel.services.config import delete_setting, save_setting
from bookings.settings import DEPOSIT_PERCENT
from core.actors import system
from core.errors import PermissionRefused
from core.settings import Setting, all_declared, declared
from tests.adminpanel.conftest import make_user

type AtWork = Callable[[AdminUser], Client]

SEEDED = import_module("adminpanel.migrations.0006_s02_admin_config_defaults").DEFAULTS


def page(key: str, name: str = "change") -> str:
    return f"/admin/adminpanel/adminconfig/{AdminConfig.objects.get(config_key=key).pk}/{name}/"


def stored(key: str) -> str:
    return AdminConfig.objects.get(config_key=key).config_value


def declaration(key: str) -> Setting[Any]:
    found = declared(key)
    assert found is not None
    return found


def test_every_seeded_setting_is_declared_and_every_declared_one_is_seeded() -> None:
    assert sorted(key for key, *_ in SEEDED) == [setting.key for setting in all_declared()]


@pytest.mark.parametrize(("key", "text", "kind", "description"), SEEDED, ids=[key for key, *_ in SEEDED])
def test_declaration_and_seed_are_equal(key: str, text: str, kind: str, description: str) -> None:
    setting = declaration(key)
    assert (setting.default_text, setting.type.value_type.value, setting.description) == (text, kind, description)
    assert setting.type.parse(text) == setting.default


def test_the_seeded_rows_are_valid_and_saving_one_unchanged_changes_no_text(db: None) -> None:
    for row in AdminConfig.objects.all():
        before = (row.config_value, row.value_type, row.description)
        row.full_clean()
        assert (row.config_value, row.value_type, row.description) == before
        assert row.is_system


REFUSED = [
    ("deposits.percent", "200", "a number from 0 to 100 (percent)"),
    ("deposits.percent", "-1", "a number from 0 to 100 (percent)"),
    ("deposits.percent", "many", "a number from 0 to 100 (percent)"),
    ("deposits.percent", "NaN", "a number from 0 to 100 (percent)"),
    ("deposits.minimum_amount", "-0.01", "from 0 to 1000000"),
    ("deposits.required", "perhaps", "true or false"),
    ("bookings.currency", "xx", "ISO 4217"),
    ("bookings.pending_expires_hours", "-48", "a whole number from 1 to 8760 (hours)"),
    ("bookings.pending_expires_hours", "1.5", "a whole number from 1 to 8760 (hours)"),
    ("waitlist.offer_hours", "-1", "a whole number from 1 to 8760 (hours)"),
    ("cancellation.policy", "oops", "The value must be a list such as"),
    ("cancellation.policy", '"oops"', "not a list"),
    ("cancellation.policy", '[{"days_before": 7}]', "Step 1 lacks the keys refund_percent"),
    ("cancellation.policy", '[{"days_before": 7, "refund_percent": 101}]', "refund_percent of step 1 is 101"),
    ("cancellation.policy", '[{"days_before": -1, "refund_percent": 10}]', "days_before of step 1 is -1"),
    ("cancellation.policy", '[{"days_before": true, "refund_percent": 10}]', "days_before of step 1 is true"),
    ("cancellation.policy", '[{"days_before": 7, "refund_percent": 10, "fee": 1}]', "unknown keys: fee"),
    (
        "cancellation.policy",
        '[{"days_before": 3, "refund_percent": 50}, {"days_before": 7, "refund_percent": 100}]',
        "days_before of step 2 is 7",
    ),
    ("loyalty.tier_multipliers", '{"bronze": 1, "silver": 1, "gold": 1, "diamond": 9}', "unknown keys: diamond"),
    ("loyalty.tier_multipliers", '{"bronze": 1}', "lacks the keys gold, platinum, silver"),
    ("loyalty.tier_multipliers", '{"bronze": -1, "silver": 1, "gold": 1, "platinum": 1}', '"bronze" is -1'),
    ("loyalty.tier_thresholds", '{"silver": 5000, "gold": 5000, "platinum": 9000}', '"gold" is 5000, not more than'),
    ("loyalty.points_per_credit_unit", "0", "from 1 to 1000000"),
    ("loyalty.points_per_currency_unit", "-1", "from 0 to 10000"),
    ("loyalty.expiry_months", "0", "from 1 to 600"),
    ("reminders.default_type", "pigeon", "one of email, sms, both"),
    ("reminders.enabled", "", "true or false"),
    ("reminders.offsets_hours", "[24, -1]", "Offset 2 is -1"),
    ("reminders.offsets_hours", "[24, 24]", "An offset occurs twice"),
    ("reminders.offsets_hours", "24", "not a list"),
    ("reminders.quiet_hours", '{"from": "25:00", "to": "09:00"}', '"from" is "25:00"'),
    ("reminders.quiet_hours", '{"from": "21:00", "to": 9}', '"to" is 9'),
    ("reminders.quiet_hours", '{"from": "21:00"}', "lacks the keys to"),
]


@pytest.mark.parametrize(("key", "text", "message"), REFUSED)
def test_the_model_refuses_values_that_the_declaration_does_not_allow(key: str, text: str, message: str) -> None:
    row = AdminConfig(config_key=key, config_value=text, value_type=declaration(key).type.value_type)
    with pytest.raises(ValidationError, match=re.escape(message)) as refused:
        row.clean()
    assert declaration(key).type.allowed in str(refused.value) or "must be" in str(refused.value)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("deposits.percent", "200"),
        ("cancellation.policy", "oops"),
        ("loyalty.tier_multipliers", '{"bronze": 1, "silver": 1, "gold": 1, "diamond": 9}'),
        ("reminders.quiet_hours", '{"from": "late", "to": "early"}'),
        ("bookings.currency", "xx"),
        ("waitlist.offer_hours", "-1"),
    ],
)
def test_the_form_refuses_them_states_what_is_allowed_and_stores_nothing(
    boss: AdminUser, at_work: AtWork, key: str, text: str
) -> None:
    before = AdminConfig.objects.filter(config_key=key).values().get()
    response = at_work(boss).post(page(key), {"config_value": text})
    assert response.status_code == 200
    (message,) = response.context["adminform"].form.errors["config_value"]
    assert declaration(key).type.allowed in message
    assert AdminConfig.objects.filter(config_key=key).values().get() == before


def test_a_setting_with_few_values_is_a_select_and_refuses_others(boss: AdminUser, at_work: AtWork) -> None:
    client = at_work(boss)
    for key, options in (
        ("reminders.enabled", ["true", "false"]),
        ("reminders.default_type", ["email", "sms", "both"]),
    ):
        shown = client.get(page(key)).text
        select = re.search(r'<select name="config_value".*?</select>', shown, re.DOTALL)
        assert select is not None
        assert re.findall(r'<option value="(\w+)"', select[0]) == options
        before = stored(key)
        assert "pigeon is not one of" in client.post(page(key), {"config_value": "pigeon"}).text
        assert stored(key) == before
    assert client.post(page("reminders.enabled"), {"config_value": "false"}).status_code == 302
    assert stored("reminders.enabled") == "false"


def test_a_value_outside_of_the_choices_is_shown_as_such(boss: AdminUser, at_work: AtWork) -> None:
    AdminConfig.objects.filter(config_key="reminders.enabled").update(config_value="maybe")
    shown = at_work(boss).get(page("reminders.enabled")).text
    assert "maybe (not allowed)" in shown
    assert "not allowed" in at_work(boss).get("/admin/adminpanel/adminconfig/").text


def test_json_is_shown_formatted_and_stored_compact(boss: AdminUser, at_work: AtWork) -> None:
    client, key = at_work(boss), "cancellation.policy"
    shown = client.get(page(key)).context["adminform"].form["config_value"].value()
    assert shown == json.dumps(json.loads(stored(key)), indent=2)
    before = stored(key)
    assert client.post(page(key), {"config_value": shown}).status_code == 302
    assert stored(key) == before
    assert (
        client.post(page(key), {"config_value": '[\n{"days_before": 5,\n "refund_percent": 12.5}]'}).status_code == 302
    )
    assert stored(key) == '[{"days_before": 5, "refund_percent": 12.5}]'


def test_the_form_shows_description_type_allowed_values_and_default(boss: AdminUser, at_work: AtWork) -> None:
    shown = at_work(boss).get(page("deposits.percent")).text
    for text in ("Deposit in percent of the booking", "a number from 0 to 100 (percent)", "Default", "Number"):
        assert text in shown, text
    for name in ("config_key", "value_type", "description"):
        assert f'name="{name}"' not in shown


def test_key_type_and_description_come_from_code(boss: AdminUser, at_work: AtWork) -> None:
    key = "deposits.percent"
    AdminConfig.objects.filter(config_key=key).update(value_type="json", description="other", is_system=False)
    data = {"config_key": "other", "value_type": "string", "description": "x", "config_value": "25"}
    assert at_work(boss).post(page(key), data).status_code == 302
    row = AdminConfig.objects.get(config_key=key)
    assert (row.config_value, row.value_type, row.description) == ("25", "number", declaration(key).description)
    assert row.updated_by_admin == boss
    assert DEPOSIT_PERCENT.value() == Decimal(25)


def test_a_system_setting_cannot_be_deleted(boss: AdminUser, at_work: AtWork) -> None:
    assert at_work(boss).post(page("deposits.percent", "delete"), {"post": "yes"}).status_code == 403
    with pytest.raises(SettingRefused, match=r"deposits\.percent"):
        delete_setting(setting=AdminConfig.objects.get(config_key="deposits.percent"), actor=actor_of(boss))
    assert stored("deposits.percent") == "20"


def test_a_declared_setting_without_a_row_can_be_added(boss: AdminUser, at_work: AtWork) -> None:
    AdminConfig.objects.filter(config_key="waitlist.offer_hours").delete()
    client, path = at_work(boss), "/admin/adminpanel/adminconfig/add/"
    assert "waitlist.offer_hours" in client.get(path).text
    assert 'value="24"' in client.get(path, {"config_key": "waitlist.offer_hours"}).text
    data = {"config_key": "waitlist.offer_hours", "config_value": "-3", "value_type": "string"}
    assert "a whole number from 1 to 8760 (hours)" in client.post(path, data).text
    assert not AdminConfig.objects.filter(config_key="waitlist.offer_hours").exists()
    assert client.post(path, data | {"config_value": "36"}).status_code == 302
    row = AdminConfig.objects.get(config_key="waitlist.offer_hours")
    assert (row.config_value, row.value_type, row.updated_by_admin) == ("36", "number", boss)


def test_a_setting_that_no_code_declares_is_marked_and_validated_by_its_type(boss: AdminUser, at_work: AtWork) -> None:
    AdminConfig.objects.create(config_key="legacy.switch", config_value="1", value_type="number")
    client = at_work(boss)
    assert "No code declares this key" in client.get(page("legacy.switch")).text
    assert "not declared" in client.get("/admin/adminpanel/adminconfig/").text
    data = {"config_key": "legacy.switch", "value_type": "number", "description": "", "config_value": "many"}
    assert "must be a number" in client.post(page("legacy.switch"), data).text
    assert stored("legacy.switch") == "1"
    assert client.post(page("legacy.switch"), data | {"config_value": "2"}).status_code == 302
    assert stored("legacy.switch") == "2"


@pytest.mark.parametrize(
    ("kind", "text"),
    [("number", "twelve"), ("number", "NaN"), ("boolean", "yes"), ("json", "{"), ("json", "NaN"), ("boolean", "")],
)
def test_an_undeclared_text_of_another_type_is_refused(kind: str, text: str) -> None:
    with pytest.raises(ValidationError, match="must be"):
        AdminConfig(config_key="k", config_value=text, value_type=kind).clean()


def test_the_service_needs_the_permission_and_an_allowed_value(manager: AdminUser) -> None:
    row = AdminConfig.objects.get(config_key="deposits.percent")
    row.config_value = "30"
    with pytest.raises(PermissionRefused) as refused, transaction.atomic():
        save_setting(setting=row, actor=actor_of(manager))
    assert refused.value.permission == "adminpanel.change_adminconfig"
    row.config_value = "200"
    with pytest.raises(SettingRefused, match="from 0 to 100"), transaction.atomic():
        save_setting(setting=row, actor=system())
    assert stored("deposits.percent") == "20"
    row.config_value = "30"
    assert save_setting(setting=row, actor=system()).updated_by_admin is None
    assert stored("deposits.percent") == "30"


def test_who_may_only_view_settings_sees_them_and_changes_nothing(db: None, at_work: AtWork) -> None:
    client = at_work(make_user("viewer", "adminpanel.view_adminconfig"))
    shown = client.get(page("deposits.percent"))
    assert shown.status_code == 200
    assert 'name="config_value"' not in shown.text
    assert client.post(page("deposits.percent"), {"config_value": "30"}).status_code == 403
    assert stored("deposits.percent") == "20"

"""Typed settings: their values, when they are read, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import assert_type

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django.plugin import DjangoDbBlocker

from adminpanel.models import AdminConfig
from bookings.models import BookingReminder
from bookings.policies import CancellationPolicy
from bookings.settings import (
    CANCELLATION_POLICY,
    DEPOSIT_PERCENT,
    DEPOSITS_REQUIRED,
    PENDING_EXPIRES_HOURS,
    REMINDER_DEFAULT_TYPE,
    REMINDER_OFFSETS_HOURS,
)
from core.errors import SettingDeclaredTwice, SettingInvalid
from core.setting_types import whole_number
from core.settings import declare, declared, register_store
from tests.support.database import Database
from tests.support.postgres import PgServer


def change(key: str, text: str, *, by_model: bool = False) -> None:
    if by_model:
        row = AdminConfig.objects.get(config_key=key)
        row.config_value = text
        row.save()
    else:
        AdminConfig.objects.filter(config_key=key).update(config_value=text)


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The percentage as a committed row, without a transaction around the test. A test that flushes may have run."""
    with django_db_blocker.unblock():
        row = {"config_value": "20", "value_type": "number", "is_system": True}
        AdminConfig.objects.update_or_create(config_key="deposits.percent", defaults=row)
        yield
        change("deposits.percent", "20")


@pytest.fixture
def elsewhere(committed: None, pg_server: PgServer) -> Database:
    """The test database as another process sees it."""
    return Database(pg_server, str(connection.settings_dict["NAME"]))


def test_values_have_the_declared_type(db: None) -> None:
    assert assert_type(DEPOSIT_PERCENT.value(), Decimal) == Decimal(20)
    assert assert_type(DEPOSITS_REQUIRED.value(), bool) is True
    assert assert_type(PENDING_EXPIRES_HOURS.value(), int) == 48
    assert assert_type(REMINDER_OFFSETS_HOURS.value(), tuple[int, ...]) == (168, 72, 24)
    assert assert_type(REMINDER_DEFAULT_TYPE.value(), BookingReminder.Type) is BookingReminder.Type.BOTH
    policy = assert_type(CANCELLATION_POLICY.value(), CancellationPolicy)
    assert policy.refund_percent(5) == Decimal(50)


def test_a_missing_row_gives_the_default(db: None) -> None:
    change("deposits.percent", "30")
    AdminConfig.objects.filter(config_key="deposits.percent").delete()
    assert DEPOSIT_PERCENT.value() == Decimal(20)


@pytest.mark.parametrize(
    ("text", "reason"), [("200", "from 0 to 100"), ("", "from 0 to 100"), ("NaN", "from 0 to 100")]
)
def test_a_stored_value_that_is_not_allowed_is_named_with_a_remedy(db: None, text: str, reason: str) -> None:
    change("deposits.percent", text)
    with pytest.raises(SettingInvalid) as refused:
        DEPOSIT_PERCENT.value()
    assert (refused.value.key, refused.value.value) == ("deposits.percent", text)
    assert reason in refused.value.reason
    for part in ("deposits.percent", "To fix this", "default is 20"):
        assert part in str(refused.value)
    assert PENDING_EXPIRES_HOURS.value() == 48


def test_a_transaction_reads_all_settings_with_one_query(db: None) -> None:
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        DEPOSIT_PERCENT.value()
        CANCELLATION_POLICY.value()
        with transaction.atomic():
            DEPOSIT_PERCENT.value()
    assert len([query for query in queries if "admin_config" in query["sql"]]) == 1


def test_a_transaction_keeps_its_values_and_the_next_one_sees_the_change(committed: None, elsewhere: Database) -> None:
    with transaction.atomic():
        assert DEPOSIT_PERCENT.value() == Decimal(20)
        elsewhere.psql("UPDATE admin_config SET config_value = '35' WHERE config_key = 'deposits.percent'")
        assert DEPOSIT_PERCENT.value() == Decimal(20)
    with transaction.atomic():
        assert DEPOSIT_PERCENT.value() == Decimal(35)


def test_outside_of_a_transaction_each_read_is_fresh(committed: None, elsewhere: Database) -> None:
    assert DEPOSIT_PERCENT.value() == Decimal(20)
    elsewhere.psql("UPDATE admin_config SET config_value = '35' WHERE config_key = 'deposits.percent'")
    assert DEPOSIT_PERCENT.value() == Decimal(35)


def change_and_fail() -> None:
    """Change the percentage in a transaction or savepoint that sees the change and is rolled back."""
    with transaction.atomic():
        change("deposits.percent", "40", by_model=True)
        assert DEPOSIT_PERCENT.value() == Decimal(40)
        raise ZeroDivisionError


def test_a_transaction_that_failed_leaves_no_value_behind(committed: None) -> None:
    with pytest.raises(ZeroDivisionError):
        change_and_fail()
    with transaction.atomic():
        assert DEPOSIT_PERCENT.value() == Decimal(20)


def test_a_transaction_sees_its_own_change(committed: None) -> None:
    with transaction.atomic():
        assert DEPOSIT_PERCENT.value() == Decimal(20)
        change("deposits.percent", "40", by_model=True)
        assert DEPOSIT_PERCENT.value() == Decimal(40)


def test_a_savepoint_that_is_rolled_back_takes_its_change_along(committed: None) -> None:
    with transaction.atomic():
        assert DEPOSIT_PERCENT.value() == Decimal(20)
        with pytest.raises(ZeroDivisionError):
            change_and_fail()
        assert DEPOSIT_PERCENT.value() == Decimal(20)


def test_without_autocommit_each_read_is_fresh(committed: None, elsewhere: Database) -> None:
    transaction.set_autocommit(False)
    try:
        with transaction.atomic():
            assert DEPOSIT_PERCENT.value() == Decimal(20)
        transaction.commit()
        elsewhere.psql("UPDATE admin_config SET config_value = '35' WHERE config_key = 'deposits.percent'")
        with transaction.atomic():
            assert DEPOSIT_PERCENT.value() == Decimal(35)
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)


def test_a_change_runs_no_callback_on_commit(db: None) -> None:
    from django.test import TestCase

    with TestCase.captureOnCommitCallbacks() as callbacks, transaction.atomic():
        DEPOSIT_PERCENT.value()
    assert callbacks == []


def test_without_a_store_every_setting_has_its_default() -> None:
    before = register_store(None)
    try:
        assert DEPOSIT_PERCENT.value() == Decimal(20)
    finally:
        register_store(before)


def test_another_store_can_be_registered() -> None:
    class Fixed:
        def alias(self) -> str:
            return "default"

        def texts(self) -> Mapping[str, str]:
            return {"deposits.percent": "55"}

    before = register_store(Fixed())
    try:
        assert DEPOSIT_PERCENT.value() == Decimal(55)
        assert PENDING_EXPIRES_HOURS.value() == 48
    finally:
        register_store(before)


def test_a_key_is_declared_once() -> None:
    with pytest.raises(SettingDeclaredTwice) as refused:
        declare("deposits.percent", whole_number(0, 1), default=0, description="Another.")
    assert refused.value.key == "deposits.percent"
    assert declared("deposits.percent") is DEPOSIT_PERCENT


def test_a_default_that_is_not_allowed_is_refused() -> None:
    with pytest.raises(ValueError, match="from 1 to 2"):
        declare("never.declared", whole_number(1, 2), default=3, description="Wrong.")
    assert declared("never.declared") is None

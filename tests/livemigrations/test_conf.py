"""Settings that cannot be meant are named with what they should be, before anything is touched."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from livemigrations import conf
from livemigrations.errors import WrongSetting


@pytest.mark.parametrize("value", ["fast", 0, -1, None, float("inf"), float("nan"), [50]])
@pytest.mark.parametrize("name", ["LOCK_BUDGET_MS", "DATA_LOCK_TIMEOUT_MS", "BACKOFF_CAP_MS", "LEASE_TTL_S"])
def test_no_timeout_is_switched_off(settings: Any, name: str, value: object) -> None:
    setattr(settings, f"LIVEMIGRATIONS_{name}", value)
    with pytest.raises(WrongSetting, match=rf"LIVEMIGRATIONS_{name} is .*at least 1"):
        conf.check()


def test_what_may_be_nothing(settings: Any) -> None:
    settings.LIVEMIGRATIONS_PROBE_INTERVAL_MS = 0
    settings.LIVEMIGRATIONS_SMALL_TABLE_BYTES = "0"
    settings.LIVEMIGRATIONS_MAINTENANCE_WORKERS = None
    conf.check()
    assert (conf.probe_interval_ms(), conf.small_table_bytes(), conf.maintenance_workers()) == (0, 0, None)


def test_a_string_is_a_name_and_not_its_letters(settings: Any) -> None:
    settings.LIVEMIGRATIONS_DRIFT_IGNORE = "alembic_version"
    settings.LIVEMIGRATIONS_LINT_ENABLE = "LM219"
    settings.LIVEMIGRATIONS_LINT_DISABLE = {"shop": "LM002"}
    assert conf.drift_ignore() == ("alembic_version",)
    assert conf.lint_enabled() == {"LM219"}
    assert conf.lint_disabled() == {"shop": {"LM002"}}
    settings.LIVEMIGRATIONS_LINT_DISABLE = "LM002"
    assert conf.lint_disabled() == {"*": {"LM002"}}


@pytest.mark.parametrize("value", [7, [7], None])
def test_names_are_strings(settings: Any, value: object) -> None:
    settings.LIVEMIGRATIONS_DRIFT_IGNORE = value
    with pytest.raises(WrongSetting, match="LIVEMIGRATIONS_DRIFT_IGNORE"):
        conf.drift_ignore()


def test_aliases_are_a_dictionary(settings: Any) -> None:
    settings.LIVEMIGRATIONS_DIRECT_ALIAS = "direct"
    with pytest.raises(WrongSetting, match="a dictionary such as"):
        conf.direct_alias("default")


@pytest.mark.parametrize("command", [("migrate",), ("migrations", "status"), ("backup", "list")])
def test_commands_say_so_first(settings: Any, command: tuple[Any, ...]) -> None:
    settings.LIVEMIGRATIONS_LOCK_BUDGET_MS = "fast"
    with pytest.raises(CommandError, match="LIVEMIGRATIONS_LOCK_BUDGET_MS is 'fast'"):
        call_command(*command, stdout=StringIO(), stderr=StringIO())

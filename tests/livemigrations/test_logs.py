"""The events of a run in Python's ``logging``."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.livemigrations.site import Site

LOGGING = """
LOGGING = {"version": 1, "disable_existing_loggers": False,
    "formatters": {"facts": {"()": "facts.Facts"}},
    "handlers": {"file": {"class": "logging.FileHandler", "filename": "events.log", "formatter": "facts"}},
    "loggers": {"livemigrations": {"handlers": ["file"], "level": "DEBUG", "propagate": False}}}
"""
FACTS = """
import json
import logging


class Facts(logging.Formatter):
    def format(self, record):
        plain = vars(logging.makeLogRecord({}))
        facts = {name: value for name, value in vars(record).items() if name not in plain}
        return json.dumps({"level": record.levelname, "logger": record.name, "text": record.getMessage(), **facts})
"""
THING = 'migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True))]),'
COLUMN = 'migrations.AddField("Thing", "note", models.TextField(null=True)),'
REFUSED = 'migrations.RunSQL("ALTER TABLE shop_thing SET UNLOGGED", migrations.RunSQL.noop),'
FAILING = 'migrations.RunSQL("SELECT 1 / 0", migrations.RunSQL.noop),'


@pytest.fixture
def shop(site: Site) -> Site:
    site.shop(THING).migrate("-v0")
    site.database.psql("INSERT INTO shop_thing (n) SELECT g FROM generate_series(1, 20000) g")
    (site.folder / "facts.py").write_text(FACTS)
    site.set(LOGGING)
    return site


def events(site: Site) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (site.folder / "events.log").read_text().splitlines()]


def test_a_run_that_ends_well(shop: Site) -> None:
    shop.shop(THING, COLUMN).migrate("-v0")
    found = events(shop)
    assert [one["event"] for one in found] == ["run_started", "step_started", "step_finished", "run_finished"]
    assert {(one["logger"], one["database"]) for one in found} == {("livemigrations", "default")}
    started, _, step, finished = found
    assert (started["level"], started["migrations"]) == ("INFO", 1)
    assert started["command"].startswith("migrate")
    assert (step["migration"], step["lane"], step["locks"]) == (
        "shop.0002_step", "instant", {'"shop_thing"': "ACCESS EXCLUSIVE"},
    )  # fmt: skip
    assert step["duration_ms"] > 0 <= step["stall_ms"]
    assert finished["applied"] == ["shop.0002_step"]


@pytest.mark.parametrize(("operation", "event"), [(REFUSED, "refused"), (FAILING, "run_failed")])
def test_a_run_that_stops(shop: Site, operation: str, event: str) -> None:
    said = shop.shop(THING, operation).refused()
    last = events(shop)[-1]
    assert (last["level"], last["event"]) == ("ERROR", event)
    assert last["error"].splitlines()[0] in said


def test_sessions_that_are_waited_for(shop: Site) -> None:
    shop.shop(THING, COLUMN).set("LIVEMIGRATIONS_LOCK_DEADLINE_S = 1")
    with shop.database.connect() as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM shop_thing")
        shop.refused()
        connection.execute("ROLLBACK")
    waits = [one for one in events(shop) if one["event"] == "waiting"]
    assert waits[0]["level"] == "WARNING"
    assert "pid" in waits[0]["blockers"][0]


def test_without_a_handler_nothing_more_is_written(site: Site) -> None:
    said = site.shop(THING, FAILING).migrate(check=False).stderr
    assert said.count("division by zero") == 1

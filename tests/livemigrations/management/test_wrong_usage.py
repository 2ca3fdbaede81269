"""What is said of words that mean nothing and of databases that nobody reaches: a sentence, an exit code, no traceback."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from tests.livemigrations.site import Site

THING = 'migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True))]),'
GENERATED = """
from django.db import models


class Thing(models.Model):
    n = models.IntegerField()
    twice = models.GeneratedField(expression=models.F("n") * 2, output_field=models.IntegerField(), db_persist=False)
"""
READING = [
    ("migrations", "status"), ("migrations", "plan"), ("migrations", "lint", "--pending"), ("backup", "create"),
    ("migrate",), ("migrate", "--sql"),
]  # fmt: skip


def said(site: Site, *arguments: str, code: int) -> str:
    """Run a command that has to end with an exit code and without a traceback; return what it says of it."""
    done = site.manage(*arguments, check=False)
    assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr


@pytest.mark.slow
def test_database_that_nobody_reaches(site: Site) -> None:
    site.shop(THING).set("DATABASES['default']['NAME'] = 'not_there'")
    for command in READING:
        text = said(site, *command, code=2 if "status" in command else 1)
        assert "not_there" in text, command
        assert "there is no such database" in text, command
        assert "DATABASES" in text, command


def test_model_whose_check_asks_a_server_that_nobody_reaches(site: Site) -> None:
    """Django's own checks connect for a generated column, before the command begins."""
    site.shop(THING).set("DATABASES['default']['NAME'] = 'not_there'")
    (site.folder / "shop" / "models.py").write_text(GENERATED)
    for command in (("migrate",), ("migrate", "--plan"), ("makemigrations", "--check")):
        assert "there is no such database" in said(site, *command, code=1), command


def test_unknown_alias_is_wrong_usage(site: Site) -> None:
    assert "Known: default" in said(site.shop(THING), "migrations", "status", "--database", "nope", code=2)


def test_beginning_that_two_migrations_have(site: Site) -> None:
    site.shop(THING, "")
    for part in ("plan", "trace", "adopt"):
        assert "More than one migration matches '0' in app 'shop'" in said(
            site, "migrations", part, "shop", "0", code=1
        )
    assert "More than one migration of shop begins with 0" in said(
        site, "migrations", "compatible", "--from", "shop.0", code=1
    )


@pytest.mark.parametrize("words", ["kept --discard", "kept --put-back", "verify --save", "lint --since"])
def test_variable_of_a_script_that_is_empty(site: Site, words: str) -> None:
    assert "is empty; is a variable not set?" in said(site, "migrations", *words.split(), "", code=2)


@pytest.mark.parametrize(
    ("words", "culprit"),
    [
        ("--sql --plan", "--plan"),
        ("--sql --check", "--check"),
        ("--sql --backup", "--backup"),
        ("--sql --rollback-on-failure", "--rollback-on-failure"),
        ("--sql --fake", "--fake"),
        ("--json --sql", "--sql"),
        ("--back 1 --stage expand", "--stage"),
        ("shop --forward 1", "app label"),
    ],
)
def test_options_of_migrate_that_exclude_each_other(site: Site, words: str, culprit: str) -> None:
    assert culprit in said(site.shop(THING), "migrate", *words.split(), code=2)


@pytest.mark.parametrize("words", ["migrate --plan", "migrations plan", "migrations lint --help"])
def test_terminal_that_lacks_characters(site: Site, words: str) -> None:
    site.shop(THING.replace('"Thing"', '"Größe…"'))
    c_locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for env in ({"PYTHONIOENCODING": "ascii"}, c_locale):
        assert "?" in site.manage(*words.split(), env=env).stdout


@pytest.mark.parametrize("words", ["migrate", "migrate --sql"])
def test_reader_of_the_output_that_goes_away(site: Site, words: str) -> None:
    """As in ``migrate | head -1``: no traceback, and the next run goes on."""
    site.shop(THING, THING.replace("Thing", "Other"))
    reader, writer = os.pipe()
    os.close(reader)
    with site.popen(*words.split(), stdout=writer, stderr=subprocess.PIPE) as running:
        os.close(writer)
        text = running.communicate(timeout=300)[1]
    assert running.returncode == 128 + signal.SIGPIPE, text
    assert "Traceback" not in text
    assert "has gone. Nothing was changed." in text
    site.migrate("-v0")
    assert "up to date" in site.manage("migrations", "status").stdout

"""The command: what it reads, its exit codes, and that it changes nothing."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from livemigrations.review.lint import Engine, Request, choice, lint
from tests.livemigrations.site import Site
from tests.support.database import ROOT, Database
from tests.support.fixtures import catalog, legacy_database, legacy_template

__all__ = ["catalog", "legacy_database", "legacy_template"]

BASE = """
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True))]),
"""
NEW = 'migrations.CreateModel("New", [("id", models.BigAutoField(primary_key=True))]),'
REQUIRED = 'migrations.AddField("New", "x", models.IntegerField(default=1)),'
DROP = 'migrations.RemoveField("Thing", "n"),'


def linted(site: Site, *arguments: str, env: dict[str, str] | None = None) -> tuple[int, Any]:
    done = site.manage("migrations", "lint", "--json", *arguments, check=False, env=env)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


def ids(report: Any) -> list[str]:
    return [finding["rule"] for finding in report["findings"]]


def test_our_own_migrations() -> None:
    """Nothing is found in them but what a comment allows, with its reason."""
    report = lint(connections["default"], Request(), choice(Engine.LIVE))
    assert len(report.migrations) > 20
    assert [finding.message for finding in report.open] == []
    assert all(len(finding.allowed.split()) >= 4 for finding in report.findings)


@pytest.mark.slow
def test_without_a_database(site: Site) -> None:
    """Files are enough: the address of the database leads nowhere."""
    site.shop(BASE, DROP)
    site.set('DATABASES["default"]["HOST"] = "/nowhere"')
    code, report = linted(site)
    assert (code, ids(report), report["migrations"]) == (1, ["LM201"], ["shop.0001_step", "shop.0002_step"])
    assert linted(site, "shop", "0001")[0] == 0
    assert linted(site, "--disable", "LM201")[0] == 0
    assert ids(linted(site, "--engine", "django", "shop", "0002")[1]) == ["LM109", "LM201"]
    text = site.manage("migrations", "lint", check=False)
    assert text.returncode == 1
    assert "shop/migrations/0002_step.py:" in text.stdout
    explained = site.manage("migrations", "lint", "--explain", "LM201").stdout
    assert "live.RetireColumn" in explained


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--enable", "LM999"], 2, "there is no rule LM999"),
        (["--format", "xml"], 2, "invalid choice"),
        (["--format", "sarif", "--json"], 2, "contradict"),
        (["--rules", "--json"], 2, "--rules writes text only"),
        (["--explain", "LM201", "--format", "sarif"], 2, "--explain writes text only"),
        (["--pending", "--since", "HEAD"], 2, "not allowed with"),
        (["nowhere"], 1, "There is no app 'nowhere'"),
        (["shop", "0009"], 1, "no single migration '0009'"),
        (["--since", "HEAD"], 1, "--since cannot be answered"),
    ],
)
def test_what_cannot_be_linted(site: Site, arguments: list[str], code: int, said: str) -> None:
    site.shop(BASE)
    done = site.manage("migrations", "lint", *arguments, check=False, env={"GIT_DIR": str(site.folder / "no-git")})
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_migrations_that_cannot_be_read(site: Site) -> None:
    site.shop(BASE, DROP)
    (site.folder / "shop" / "migrations" / "0001_step.py").unlink()
    code, said = linted(site)
    assert code == 1
    assert "The migrations cannot be read" in said
    site.shop(BASE).set('LIVEMIGRATIONS_LINT_DISABLE = ["LM999"]')
    assert "names LM999" in linted(site)[1]


@pytest.mark.slow
def test_the_pending_ones_are_one_run(site: Site) -> None:
    """A table that a pending migration makes is new to the next one; an applied migration that was edited is found."""
    site.shop(BASE)
    site.migrate("-v0")
    assert linted(site, "--pending") == (0, linted(site, "--pending")[1])
    site.shop(BASE, NEW, REQUIRED)
    assert ids(linted(site)[1]) == ["LM205"]
    code, report = linted(site, "--pending")
    assert (code, report["migrations"], ids(report)) == (0, ["shop.0002_step", "shop.0003_step"], [])
    site.shop(BASE.replace("null=True", "null=False"), NEW, REQUIRED)
    code, report = linted(site, "--pending")
    assert (code, ids(report)) == (1, ["LM409"])
    assert report["findings"][0]["path"].endswith("0001_step.py")


@pytest.mark.slow
def test_what_ran_here_is_compared_where_the_journal_knows_it(tmp_path: Path, database: Database) -> None:
    """An empty database got its migrations at once, without digests; packages are looked at where that is asked for."""
    site = Site(tmp_path, database).install("django.contrib.contenttypes").shop(BASE)
    site.migrate("-v0")
    assert linted(site, "--pending", "--third-party")[1]["findings"] == []
    database.psql("UPDATE livemigrations_step SET digest = 'another'")
    assert {finding["migration"] for finding in linted(site, "--pending")[1]["findings"]} == {"shop.0001_step"}
    _, report = linted(site, "--pending", "--third-party")
    assert {finding["migration"] for finding in report["findings"]} > {"shop.0001_step"}


def _git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=Lint", "-c", "user.email=lint@localhost"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.slow
def test_since_a_commit(site: Site) -> None:
    """What a branch adds is one run; what it edits is found, unless only words changed."""
    site.shop(BASE, DROP)
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        _git(site.folder, *arguments)
    code, report = linted(site, "--since", "HEAD")
    assert (code, report["migrations"]) == (0, [])
    site.shop(BASE, DROP, NEW, REQUIRED)
    code, report = linted(site, "--since", "HEAD")
    assert (code, report["migrations"], ids(report)) == (0, ["shop.0003_step", "shop.0004_step"], [])
    first = site.folder / "shop" / "migrations" / "0001_step.py"
    first.write_text("# a remark\n" + first.read_text())
    assert ids(linted(site, "--since", "HEAD")[1]) == []
    first.write_text(first.read_text().replace("null=True", "null=False"))
    assert ids(linted(site, "--since", "HEAD")[1]) == ["LM409"]
    text = first.read_text()
    first.write_text("operations = [")
    _git(site.folder, "commit", "-aqm", "two")
    first.write_text(text)
    assert ids(linted(site, "--since", "HEAD")[1]) == ["LM409"]
    code, said = linted(site, "--since", "nowhere")
    assert code == 1
    assert "git does not know the commit 'nowhere'" in said


@pytest.mark.slow
def test_the_legacy_database_is_only_read(
    legacy_database: Database, catalog: Callable[[Database], dict[str, Any]]
) -> None:
    before = catalog(legacy_database)
    done = legacy_database.manage("migrations", "lint", "--pending", "--json")
    report = json.loads(done.stdout)
    assert len(report["migrations"]) > 20
    assert report["exit_code"] == 0
    assert catalog(legacy_database) == before
    assert legacy_database.scratches() == []


@pytest.mark.slow
def test_installed_packages_are_left_out(site: Site) -> None:
    site.install("django.contrib.contenttypes").shop(BASE)
    assert {name.partition(".")[0] for name in linted(site)[1]["migrations"]} == {"shop"}
    assert {name.partition(".")[0] for name in linted(site, "--third-party")[1]["migrations"]} == {
        "contenttypes",
        "shop",
    }
    assert linted(site, "contenttypes")[1]["migrations"] == [
        "contenttypes.0001_initial",
        "contenttypes.0002_remove_content_type_name",
    ]


def test_the_house_has_a_guide() -> None:
    guide = (ROOT / "docs" / "commands" / "lint.md").read_text()
    for word in ("--pending", "--since", "--engine", "sarif", "github", "lint: allow", "LIVEMIGRATIONS_LINT_DISABLE"):
        assert word in guide

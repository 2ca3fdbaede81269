"""Every command that the page for people who come from Alembic names is run, in the order of the page."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.livemigrations.site import Site
from tests.support.crashes import assassin
from tests.support.database import ROOT, Database

PAGE = ROOT / "docs" / "from-alembic.md"
COMMAND = re.compile(r"`manage\.py ([^`]+)`")
DONE = "class Place(models.Model):\n    name = models.CharField(max_length=50)\n"
CHANGED = f"""{DONE}    capacity = models.IntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["name"], name="place_name")]
"""
ASKS = ("migrate", "adopt", "restore")
# Their exit codes answer a question; all others must end with 0.
ANSWERS = ("status", "drift", "--check")


def commands() -> list[str]:
    return COMMAND.findall(PAGE.read_text())


def test_the_page_has_every_command_of_alembic() -> None:
    text = PAGE.read_text()
    wanted = [
        *(
            "init",
            "current",
            "history",
            "history --verbose",
            "heads",
            "show head",
            "revision -m",
            "revision --autogenerate",
        ),
        *(
            "merge",
            "check",
            "upgrade head",
            "upgrade +1",
            "upgrade head --sql",
            "upgrade abc123",
            "upgrade abc123:def456",
        ),
        *("downgrade -1", "downgrade -3", "downgrade base", "downgrade abc123", "stamp head", "stamp abc123"),
    ]
    assert [name for name in wanted if f"`alembic {name}" not in text] == []
    assert len(commands()) > 30


@pytest.fixture
def shop(tmp_path: Path, database: Database) -> Site:
    """An app with one applied migration, and models that have changed since."""
    site = Site(tmp_path, database)
    site.app("shop", models=DONE, migrations={})
    site.set(f"LIVEMIGRATIONS_BACKUP_FOLDER = {str(tmp_path / 'backups')!r}")
    site.set(f"LIVEMIGRATIONS_PG_BIN = {str(database.server.bin('pg_dump').parent)!r}")
    site.manage("makemigrations", "shop", "--name", "initial")
    site.migrate("-v0")
    database.psql("INSERT INTO shop_place (name) SELECT 'p' || g FROM generate_series(1, 1000) g")
    (tmp_path / "shop" / "models.py").write_text(f"from django.db import models\n\n\n{CHANGED}")
    return site


@pytest.mark.slow
def test_each_command_runs(shop: Site) -> None:
    with assassin(shop.database, cwd=shop.folder, environment=shop.environment()) as run:
        for command in commands():
            arguments = shlex.split(command)
            asks = any(word in arguments for word in ASKS) and "--no-input" not in arguments
            end = run.run(*arguments, *(["--no-input"] if asks else []))
            said = f"manage.py {command} ended with {end.code}\n{end.output}"
            if "--sprint" in arguments:
                assert "There is no sprint 2" in end.output, said
            else:
                assert "Traceback" not in end.output, said
                assert end.code in ((0, 1) if any(word in arguments for word in ANSWERS) else (0,)), said
    assert [path.stem for path in sorted((shop.folder / "shop" / "migrations").glob("0*"))] == [
        "0001_initial",
        "0002_capacity",
        "0003_capacity_index",
        "0004_fill_capacity",
    ]

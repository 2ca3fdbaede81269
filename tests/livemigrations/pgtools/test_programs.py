"""Finding client programs: which one is taken, and what is said when none fits."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from livemigrations.errors import ProgramMissing
from livemigrations.pgtools import programs


def fake(folder: Path, major: int, name: str = "pg_dump") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / name
    made.write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {major}.3'\n")
    made.chmod(made.stat().st_mode | stat.S_IXUSR)
    return made


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine on which no program of PostgreSQL is installed; returns a folder to install some in."""
    monkeypatch.setattr(programs, "SYSTEM", tmp_path / "system")
    monkeypatch.setattr(programs, "WHEEL", "no_such_package")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.delenv("PG_BIN", raising=False)
    return tmp_path


def test_the_same_version_goes_before_a_newer_one(nowhere: Path) -> None:
    newer, same = fake(nowhere / "path", 18), fake(nowhere / "system" / "16" / "bin", 16)
    fake(nowhere / "system" / "15" / "bin", 15)
    assert programs.program("pg_dump", server_version=160014) == same
    assert programs.program("pg_dump", server_version=17) == newer


def test_what_is_named_goes_first(nowhere: Path, monkeypatch: pytest.MonkeyPatch, settings: object) -> None:
    fake(nowhere / "path", 16)
    named, set_up = fake(nowhere / "mine", 18), fake(nowhere / "set", 17)
    monkeypatch.setenv("PG_BIN", str(named.parent))
    assert programs.program("pg_dump", server_version=16) == named
    settings.LIVEMIGRATIONS_PG_BIN = str(set_up.parent)  # type: ignore[attr-defined]
    assert programs.program("pg_dump", server_version=16) == set_up
    assert programs.program("pg_dump", server_version=18) == named


def test_older_ones_are_named_with_all_places(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = fake(nowhere / "old", 15)
    fake(nowhere / "path", 17)
    monkeypatch.setenv("PG_BIN", str(old.parent))
    with pytest.raises(ProgramMissing) as caught:
        programs.program("pg_dump", server_version=180004)
    said = str(caught.value)
    assert "pg_dump of PostgreSQL 18 or newer is needed" in said
    assert f"PG_BIN: pg_dump 15 in {old.parent}" in said
    assert f"PATH: pg_dump 17 in {nowhere / 'path'}" in said
    assert f"the system: no pg_dump that runs in {nowhere / 'system'}" in said
    assert "postgresql-client-18" in said


def test_a_program_that_does_not_run_is_passed_over(nowhere: Path) -> None:
    broken = fake(nowhere / "path", 18)
    broken.write_text("#!/bin/sh\nexit 1\n")
    good = fake(nowhere / "system" / "18" / "bin", 18)
    assert programs.program("pg_dump", server_version=18) == good


def test_the_package_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(programs, "SYSTEM", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("PG_BIN", raising=False)
    found = programs.program("pg_restore", server_version=18)
    assert programs.major_version(found) == 18

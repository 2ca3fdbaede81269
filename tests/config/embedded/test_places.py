"""Where the files go, above all when root's checkout is closed to the account that it lends."""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from config.embedded import binaries, places
from config.embedded.places import Places
from tests.support import loud
from tests.support.database import ROOT
from tests.support.embedded import Home


def test_socket_is_short_and_follows_the_data(tmp_path: Path) -> None:
    deep = Places(tmp_path / ("x" * 200))
    assert len(os.fsencode(deep.socket / places.SOCKET_FILE)) <= places.SOCKET_PATH_LIMIT
    assert deep.socket == Places(deep.home).socket
    assert deep.socket != Places(tmp_path / "other").socket


def test_socket_does_not_depend_on_tmpdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Places(tmp_path).socket
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert Places(tmp_path).socket == before


def test_path_with_spaces_and_quotes(home: Home) -> None:
    odd = replace(home, folder=home.folder / 'a folder, it\'s "mine"')
    odd.folder.mkdir()
    odd.folder.chmod(0o755)
    address = odd.must("start").strip()
    assert f"?host={odd.places.socket}&" in address
    with odd.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    odd.must("remove")


@pytest.mark.slow
@pytest.mark.usefixtures("as_root")
def test_closed_checkout_of_root(home: Home) -> None:
    wheel = [folder for folder in binaries.candidates() if folder.parent.name.startswith("pginstall")]
    if not wheel:
        loud.skip("the wheel with PostgreSQL's programs")
    closed = home.folder / "closed"
    package = wheel[0].parents[1]
    shutil.copytree(ROOT / "config", closed / "config")
    shutil.copytree(wheel[0].parent, closed / package.name / wheel[0].parent.name)
    shutil.copytree(package.with_name(f"{package.name}.libs"), closed / f"{package.name}.libs")
    (closed / package.name / "__init__.py").touch()
    closed.chmod(0o700)
    inside = replace(home, source=closed)
    env = {"TEPPAN_PGDATA": "", "PYTHONPATH": str(closed)}
    inside.must("start", **env)
    try:
        said = inside.must("status", **env)
        files = Path(said.partition("files    ")[2].partition("\n")[0])
        assert closed not in files.parents
        assert inside.must("psql", "-XAtc", "SHOW data_directory", **env).strip() == str(files / "data")
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    finally:
        inside.must("remove", **env)
    assert not files.parent.exists()

"""Creating and starting: versions, leftovers, room, and who may."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from config.embedded import account as accounts
from config.embedded import binaries, cluster
from config.embedded.errors import BinariesMissing, NoRights, NoRoom, StartFailed
from tests.support import loud, postgres
from tests.support.embedded import Home


def two_versions() -> tuple[int, int]:
    found = [major for major in postgres.MAJORS if postgres.is_installed(major)]
    if len(found) < 2:
        loud.skip("two versions of PostgreSQL")
    return found[0], found[1]


def test_other_version_is_refused_and_named(home: Home) -> None:
    newer, older = two_versions()
    home.must("start", TEPPAN_PG_VERSION=str(older))
    home.must("stop")
    before = (home.places.data / "PG_VERSION").read_text()
    refused = home.command("start", TEPPAN_PG_VERSION=str(newer))
    assert refused.returncode == 1
    assert f"created by PostgreSQL {older}" in refused.stderr
    assert f"are {newer}" in refused.stderr
    assert "make clean" in refused.stderr
    assert (home.places.data / "PG_VERSION").read_text() == before
    assert home.postmaster is None


def test_data_of_an_older_version_finds_its_programs(home: Home) -> None:
    _, older = two_versions()
    home.must("start", TEPPAN_PG_VERSION=str(older))
    home.must("stop")
    home.must("start")
    with home.connect() as connection:
        assert connection.info.server_version // 10000 == older


def test_stale_number_of_another_process_is_not_believed(home: Home) -> None:
    home.must("start")
    home.must("stop")
    account = accounts.choose(home.places.home)
    bystander = subprocess.Popen(["sleep", "120"], **account.popen(Path("/")))
    try:
        pidfile = home.places.data / "postmaster.pid"
        lines = [bystander.pid, home.places.data, 1, 5432, home.places.socket, "", "  1 1", "ready"]
        pidfile.write_text("".join(f"{line}\n" for line in lines))
        account.own(pidfile, 0o600)
        assert home.must("stop") == "not running\n"
        home.must("start")
        home.must("stop")
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_interrupted_creation_is_begun_anew(home: Home) -> None:
    account = accounts.choose(home.places.home)
    home.places.make(account)
    half = home.places.home / "data.unfinished"
    half.mkdir()
    account.own(half, 0o700)
    (half / "PG_VERSION").write_text("18\n")
    home.must("start")
    assert not half.exists()
    assert home.postmaster is not None


def test_no_room(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    account = accounts.choose(home.places.home)
    home.places.make(account)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=5 << 20))
    with pytest.raises(NoRoom, match=r"has 5 MB free.* TEPPAN_PGDATA"):
        cluster.create(home.places, account, binaries.find())
    assert not home.places.data.exists()


@pytest.mark.usefixtures("as_root")
def test_no_room_on_a_real_disk(home: Home) -> None:
    mounted = ["mount", "-t", "tmpfs", "-o", "size=8m,mode=755", "tmpfs", str(home.folder)]
    if subprocess.run(mounted, capture_output=True, check=False).returncode:
        loud.skip("a disk that is full (mounting a tmpfs is not allowed here)")
    try:
        refused = home.command("start")
        assert refused.returncode == 1
        assert "Free some space" in refused.stderr
        assert "Traceback" not in refused.stderr
        assert not home.places.data.exists()
    finally:
        subprocess.run(["umount", home.folder], check=True)


@pytest.mark.usefixtures("as_root")
def test_no_rights_to_create(home: Home) -> None:
    refused = home.command_as("nobody", "start")
    assert refused.returncode == 1
    assert f"cannot create {home.places.home}" in refused.stderr
    assert "TEPPAN_PGDATA" in refused.stderr
    assert not home.places.home.exists()


@pytest.mark.usefixtures("as_root")
def test_folder_of_somebody_else(home: Home) -> None:
    home.must("start")
    home.must("stop")
    refused = home.command_as("daemon", "start")
    assert refused.returncode == 1
    assert f"{home.places.home} must be a folder that belongs to daemon" in refused.stderr


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("initdb: error: could not write: No space left on device", NoRoom),
        ("FATAL:  could not open file: Permission denied", NoRights),
        ('FATAL:  data directory "x" has wrong ownership', NoRights),
        ("FATAL:  could not create shared memory segment: Cannot allocate memory", StartFailed),
        ("FATAL:  something new", StartFailed),
    ],
)
def test_what_a_program_said_is_explained(home: Home, said: str, kind: type[Exception]) -> None:
    error = cluster.explain(said, home.places, accounts.choose(home.folder))
    assert type(error) is kind
    assert said in str(error)


def test_broken_configuration_names_the_log(home: Home) -> None:
    home.must("start")
    home.must("stop")
    with (home.places.data / "postgresql.conf").open("a") as configuration:
        configuration.write("no_such_setting = 1\n")
    refused = home.command("start")
    assert refused.returncode == 1
    assert "no_such_setting" in refused.stderr
    assert str(home.places.log) in refused.stderr


def test_missing_programs(home: Home) -> None:
    refused = home.command("start", PG_BIN="/nowhere")
    assert refused.returncode == 1
    assert "PG_BIN=/nowhere does not contain the programs postgres, initdb, pg_ctl" in refused.stderr
    with pytest.raises(BinariesMissing, match=r"No programs of PostgreSQL 9 .* only \d+ in "):
        binaries.find(9)

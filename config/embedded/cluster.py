"""Creating, starting and ending one cluster; the caller holds the lock of its places."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from config.embedded import binaries, processes
from config.embedded.account import Account
from config.embedded.binaries import Binaries
from config.embedded.errors import (
    BinariesMissing,
    EmbeddedError,
    NoRights,
    NoRoom,
    StartFailed,
    WrongVersion,
)
from config.embedded.places import Places

ROLE = DATABASE = "teppan"
ROOM_NEEDED = 120 * 1024 * 1024
START_PATIENCE = 10.0
OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": "5432",
    "max_connections": "100",
    "log_line_prefix": "%m [%p] ",
}
PASSING = re.compile(r"pre-existing shared memory|lock file .* already exists|is still in use")


def environment() -> dict[str, str]:
    """Return the environment of PostgreSQL's programs: ours without libpq's variables, in English."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_"))}
    return kept | {"LC_ALL": "C"}


def choose(places: Places, account: Account) -> Binaries:
    """Return programs that fit the data folder, or the best there are for a new one; raises WrongVersion."""
    made_by = data_version(places)
    if made_by is None:
        return binaries.reachable(binaries.find(), account)
    wanted = binaries.find() if os.environ.get("TEPPAN_PG_VERSION") or os.environ.get("PG_BIN") else None
    try:
        found = wanted or binaries.find(made_by)
    except BinariesMissing:
        found = binaries.find()
    if found.major != made_by:
        cause = next((name for name in ("PG_BIN", "TEPPAN_PG_VERSION") if os.environ.get(name)), None)
        remedy = f"Unset {cause}, or point it" if cause else "Point PG_BIN"
        raise WrongVersion(
            f"{places.data} was created by PostgreSQL {made_by}, but the programs in {found.folder} are {found.major}. "
            f"{remedy} to PostgreSQL {made_by}, or delete the data with `make clean`."
        )
    return binaries.reachable(found, account)


def data_version(places: Places) -> int | None:
    """Return the major version that made the data folder, or None where there is none yet."""
    try:
        return int((places.data / "PG_VERSION").read_text().split(".")[0])
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        culprit = f"{places.data / 'PG_VERSION'} cannot be read ({error})"
        raise NoRights(f"{culprit}. Restore the file, or delete the data with `make clean`.") from error


def create(places: Places, account: Account, programs: Binaries) -> None:
    """Make the data folder, whole or not at all: what a kill in the middle leaves, the next try removes."""
    room = shutil.disk_usage(places.home).free
    if room < ROOM_NEEDED:
        raise NoRoom(
            f"{places.home} has {room >> 20} MB free, and a new PostgreSQL needs {ROOM_NEEDED >> 20} MB. "
            "Free some space, or set TEPPAN_PGDATA to a folder on another disk."
        )
    unfinished = places.home / "data.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    code, said = initdb(programs, account, unfinished)
    if code:
        raise explain(said, places, account)
    unfinished.rename(places.data)


def initdb(programs: Binaries, account: Account, data: Path, *more: str) -> tuple[int, str]:
    """Initialize a data folder with our role and locale; return the exit code and what was said."""
    fixed = ["-U", ROLE, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"]
    return run(programs / "initdb", ["-D", os.fspath(data), *fixed, *more], account, data.parent)


def start(places: Places, account: Account, programs: Binaries) -> None:
    """Start the server and wait until it answers.

    A postmaster that was killed leaves children that may compute for hours and keep its shared memory: they are
    ended, and refusals while that lasts are retried for START_PATIENCE seconds. A postmaster.pid whose server is
    gone is removed, since PostgreSQL would take any process that got the number since for its server. The names
    are relative, since pg_ctl hands them to a shell in double quotes.
    """
    until = time.monotonic() + START_PATIENCE
    options = {**OPTIONS, "unix_socket_directories": os.fspath(places.socket)}
    settings = " ".join(f"-c {shlex.quote(f'{key}={value}')}" for key, value in options.items())
    names = ["-D", places.data.name, "-l", places.log.name]
    while True:
        if not processes.postmaster(places.data):
            processes.end(places.data)
            (places.data / "postmaster.pid").unlink(missing_ok=True)
        before = places.log.stat().st_size if places.log.exists() else 0
        code, said = run(
            programs / "pg_ctl", [*names, "-o", settings, "-w", "-t", "120", "start"], account, places.home
        )
        if not code:
            return
        said += _log_from(places.log, before)
        if not PASSING.search(said) or time.monotonic() > until:
            raise explain(said, places, account)
        time.sleep(0.2)


def run(program: Path, arguments: Sequence[str], account: Account, cwd: Path) -> tuple[int, str]:
    """Run a program as ``account``; return its exit code and what it said.

    What it says goes to a file: a server that is started would keep a pipe open for its whole life.
    """
    with tempfile.TemporaryFile("w+") as output:
        try:
            done = subprocess.run(
                [program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment(),
                check=False,
                umask=0o077,
                **account.popen(cwd),
            )
        except PermissionError as error:
            message = f"{program} cannot be run as {account.name} in {cwd}: {error.strerror}."
            raise NoRights(message) from error
        output.seek(0)
        return done.returncode, output.read()


def explain(said: str, places: Places, account: Account) -> EmbeddedError:
    """Turn what a program said before it failed into an error that names the cause and the fix."""
    tail = "\n".join(line for line in said.strip().splitlines()[-6:])
    if "No space left on device" in said or "Disk quota exceeded" in said:
        remedy = "Free some space, or set TEPPAN_PGDATA to a folder on another disk"
        return NoRoom(f"The disk of {places.home} is full. {remedy}.\n{tail}")
    if "Permission denied" in said or "has wrong ownership" in said or "invalid permissions" in said:
        remedy = f"Make {account.name} the owner of all files in it, or set TEPPAN_PGDATA to another folder"
        return NoRights(f"{account.name} cannot access all files in {places.home}. {remedy}.\n{tail}")
    if "could not create shared memory segment" in said or "could not map" in said:
        return StartFailed(f"PostgreSQL could not allocate shared memory. Stop other PostgreSQL servers.\n{tail}")
    remedy = f"Read {places.log}, set DATABASE_URL to another server, or delete the data with `make clean`"
    return StartFailed(f"The embedded PostgreSQL in {places.home} did not start. {remedy}.\n{tail}")


def _log_from(log: Path, position: int) -> str:
    if not log.exists():
        return ""
    with log.open(errors="replace") as handle:
        handle.seek(position)
        return handle.read()

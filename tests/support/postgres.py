"""Throw-away PostgreSQL servers: one per version and session, shared by workers, gone with their parent."""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from config.embedded import account as accounts
from config.embedded import binaries, cluster, places, processes
from config.embedded.account import Account
from config.embedded.binaries import Binaries
from config.embedded.errors import BinariesMissing

PREFIX, HOME_PREFIX = "teppan-test-", "teppan-home-"
MAJORS = (18, 16, 15)
PR_SET_PDEATHSIG = 1
LEFTOVER_AGE_S = 60
OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "max_locks_per_transaction": "256",
    "max_prepared_transactions": "4",
    "shared_buffers": "256MB",
    "jit": "off",
    "log_line_prefix": "%m [%p] %d ",
}


@dataclass(frozen=True)
class PgServer:
    """A running server: its folder (data, socket and log are in it), its programs, its version."""

    home: Path
    programs: Binaries

    @property
    def version(self) -> int:
        """The major version."""
        return self.programs.major

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.home / "server.log"

    def bin(self, name: str) -> Path:
        """Return the path of a program such as psql, pgbench or pg_dump of this version."""
        return self.programs / name

    def dsn(self, dbname: str = "postgres") -> str:
        """Return a libpq connection string."""
        return make_conninfo(host=str(self.home), port=5432, user=cluster.ROLE, dbname=dbname)

    def url(self, dbname: str = "postgres") -> str:
        """Return an address that works as DATABASE_URL and for psql."""
        return f"postgres://{cluster.ROLE}@/{quote(dbname, safe='')}?host={quote(str(self.home), safe='/')}"

    def connect(self, dbname: str = "postgres", **options: Any) -> psycopg.Connection[Any]:
        """Open a connection that commits by itself unless told otherwise."""
        return psycopg.connect(self.dsn(dbname), **({"autocommit": True} | options))

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database, as a copy of ``template`` when one is named, and return its address."""
        source = sql.SQL(" TEMPLATE {}").format(sql.Identifier(template)) if template else sql.SQL("")
        with self.connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}{}").format(sql.Identifier(name), source))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database together with the sessions in it, if it is there."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        with self.connect() as connection:
            connection.execute(statement.format(sql.Identifier(name)))


class Fleet:
    """The servers of one test session; the controller starts them, workers learn of them by environment."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._started: dict[int, subprocess.Popen[bytes]] = {}
        self._alive: TextIO | None = None

    @classmethod
    def create(cls) -> Fleet:
        """Make the folder of a new session's servers, which start when they are first asked for."""
        _sweep()
        account = _account()
        root = Path(tempfile.mkdtemp(prefix=PREFIX, dir=places.temporary()))
        account.own(root, 0o700)
        fleet = cls(root)
        fleet._alive = mark_alive(root)
        return fleet

    def home(self, major: int) -> Path:
        """Return the folder of one version's server."""
        return self.root / str(major)

    def server(self, major: int) -> PgServer:
        """Return the running server of a version, started by this session if it does not run yet.

        Raises config.embedded.errors.BinariesMissing when this machine has no programs of that version.
        """
        programs = binaries.reachable(binaries.find(major), _account())
        server = PgServer(self.home(major), programs)
        if not (server.home / "data" / "postmaster.pid").exists():
            self._started[major] = _start(server)
        return server

    def stop(self) -> None:
        """End the servers that this process started, and remove the folder if it made it."""
        for process in self._started.values():
            process.send_signal(signal.SIGINT)
        for process in self._started.values():
            process.wait(60)
        if self._alive is not None:
            shutil.rmtree(self.root, ignore_errors=True)
            self._alive.close()


def mark_alive(folder: Path) -> TextIO:
    """Lock a file in a temporary folder of ours, so that others leave it alone while this process lives."""
    handle = (folder / "alive").open("w")
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def newest() -> int:
    """Return the newest version of MAJORS that this machine has."""
    for major in MAJORS:
        if is_installed(major):
            return major
    raise BinariesMissing


def is_installed(major: int) -> bool:
    """Tell whether this machine has programs of a version."""
    try:
        binaries.find(major)
    except BinariesMissing:
        return False
    return True


def _account() -> Account:
    return accounts.choose(places.temporary())


def _start(server: PgServer) -> subprocess.Popen[bytes]:
    account, data = _account(), server.home / "data"
    server.home.mkdir()
    account.own(server.home, 0o700)
    code, said = cluster.initdb(server.programs, account, data, "--no-sync")
    if code:
        raise AssertionError(said)
    settings = {**OPTIONS, "port": "5432", "unix_socket_directories": str(server.home)}
    arguments = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    with server.log.open("ab") as log:
        process = subprocess.Popen(
            [server.bin("postgres"), "-D", data, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=cluster.environment(),
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509
            **account.popen(server.home),
        )
    _wait(server, process)
    return process


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGQUIT))


def _wait(server: PgServer, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            server.connect().close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > until:
                log = server.log.read_text()
                raise AssertionError(f"PostgreSQL {server.version} did not start:\n{log}") from None
            time.sleep(0.02)
        else:
            return


def _sweep() -> None:
    """Remove what killed sessions left: folders whose lock nobody holds, and embedded servers in them."""
    for folder in [*places.temporary().glob(f"{PREFIX}*"), *places.temporary().glob(f"{HOME_PREFIX}*")]:
        try:
            if time.time() - folder.stat().st_mtime < LEFTOVER_AGE_S:
                continue
            with (folder / "alive").open() as handle:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                embedded = places.Places(folder / "pgdata")
                processes.end(embedded.data)
                shutil.rmtree(embedded.socket, ignore_errors=True)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue


def clean_environment() -> None:
    """Delete variables of the caller's shell that name other servers, so that tests never touch them."""
    for name in list(os.environ):
        if name.startswith("PG") or name in {"TEPPAN_PGDATA", "TEPPAN_PG_VERSION"}:
            del os.environ[name]
    os.environ["PYTHONUNBUFFERED"] = "1"  # on every machine, because it decides when a child notices a closed pipe
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # a migration written twice in a second would be read from the old code

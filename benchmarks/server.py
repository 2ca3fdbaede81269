"""The server that is measured: a PostgreSQL of the benchmarks' own, durable and with default settings."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from config import embedded
from config.embedded import binaries, cluster, places
from config.embedded.binaries import Binaries

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Server:
    """A running server: the folder of its socket and its programs."""

    socket: Path
    programs: Binaries

    def url(self, name: str = "postgres") -> str:
        """Return the address of a database, for DATABASE_URL, psql and pgbench."""
        return f"postgres://{cluster.ROLE}@/{name}?host={quote(os.fspath(self.socket), safe='/')}"

    def connect(self, name: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """Open a connection on which each statement commits by itself."""
        return psycopg.connect(self.url(name), autocommit=True)

    def version(self) -> str:
        """Return the full version number, such as ``18.4``."""
        with self.connect() as connection:
            row = connection.execute("SHOW server_version").fetchone()
        return str(row[0]) if row else ""

    @contextlib.contextmanager
    def database(self, name: str, template: str | None = None) -> Iterator[str]:
        """Create a database, as a copy of ``template`` if one is named; yield its address; drop it.

        The files are copied and flushed before anything is measured.
        """
        self.drop(name)
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template:
            statement += sql.SQL(" TEMPLATE {} STRATEGY file_copy").format(sql.Identifier(template))
        with self.connect() as connection:
            connection.execute(statement)
            connection.execute("CHECKPOINT")
        try:
            yield self.url(name)
        finally:
            self.drop(name)

    def drop(self, name: str) -> None:
        """Drop a database and the sessions in it, if it is there."""
        with self.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def psql(self, url: str, *arguments: str | Path) -> None:
        """Run psql up to its first error, which is raised as subprocess.CalledProcessError."""
        command = [self.programs / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", url, *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment({}))


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a measured process: ours, without what would lead it to another database."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PG", "PYTHON")) and key not in {"DATABASE_URL", "DJANGO_SETTINGS_MODULE"}
    }
    return {**kept, **extra}


@contextlib.contextmanager
def running(major: int | None = None, folder: Path | None = None) -> Iterator[Server]:
    """Start a server in ``folder`` (by default one in /tmp), yield it, end it and delete its files, and no others.

    Ends the program with a message when another benchmark uses the folder: each would measure the other.
    """
    folder = folder or places.temporary() / f"teppan-benchmarks-{os.geteuid()}"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    os.environ["TEPPAN_PGDATA"] = os.fspath(folder / "pgdata")
    if major:
        os.environ["TEPPAN_PG_VERSION"] = str(major)
    with _alone(folder):
        _end(folder)
        with embedded.client():
            home, _ = places.find()
            yield Server(home.socket, binaries.find())
        _end(folder)
        (folder / "measuring").unlink()
    with contextlib.suppress(OSError):
        folder.rmdir()


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "measuring").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(f"error: another benchmark is measuring in {folder}: wait for it, or name another --folder")
        yield


def _end(folder: Path) -> None:
    """End the server in the folder, which a killed run may have left, and delete its files."""
    embedded.stop()
    home, _ = places.find()
    shutil.rmtree(folder / "pgdata", ignore_errors=True)
    shutil.rmtree(home.socket, ignore_errors=True)

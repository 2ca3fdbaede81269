"""A real PgBouncer in front of a test's server, gone with its block."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from config.embedded import account as accounts
from config.embedded import cluster, places
from tests.support import loud
from tests.support.database import Database
from tests.support.postgres import PREFIX

PORT = 6432
CONFIGURATION = """\
[databases]
* = host={home} port=5432

[pgbouncer]
listen_addr =
listen_port = {port}
unix_socket_dir = {folder}
unix_socket_mode = 0777
auth_type = trust
auth_file = {folder}/users.txt
pool_mode = {mode}
logfile = {folder}/log
pidfile = {folder}/pid
query_wait_timeout = 3
{more}
"""


@dataclass(frozen=True)
class Pooled:
    """The way to a database through a pooler: what DATABASES needs instead of the server's host and port."""

    host: str
    port: str

    def settings(self, alias: str = "default") -> str:
        """Lines for a project's settings that lead ``alias`` through the pooler."""
        return f"DATABASES[{alias!r}] |= {{'HOST': {self.host!r}, 'PORT': {self.port!r}}}"


@contextmanager
def pgbouncer(database: Database, mode: str, *more: str) -> Iterator[Pooled]:
    """Run PgBouncer with ``pool_mode`` before the server of ``database``; ``more`` are lines of its configuration."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        loud.skip("pgbouncer is not installed")
    account = accounts.choose(places.temporary())
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=places.temporary()))
    try:
        account.own(folder, 0o755)
        (folder / "users.txt").write_text(f'"{cluster.ROLE}" ""\n')
        (folder / "pgbouncer.ini").write_text(
            CONFIGURATION.format(home=database.server.home, port=PORT, folder=folder, mode=mode, more="\n".join(more))
        )
        process = subprocess.Popen(
            [program, "-q", folder / "pgbouncer.ini"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **account.popen(folder),
        )
        try:
            _wait(database, folder, process)
            yield Pooled(str(folder), str(PORT))
        finally:
            process.kill()
            process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(database: Database, folder: Path, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(f"host={folder} port={PORT} user={cluster.ROLE} dbname={database.name}").close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"pgbouncer did not start:\n{(folder / 'log').read_text()}") from None
            time.sleep(0.02)
        else:
            return

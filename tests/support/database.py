"""One database of a test: how to reach it from Python, psql and ``manage.py``."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.support import processes
from tests.support.postgres import PgServer

ROOT = processes.ROOT


@dataclass(frozen=True)
class Database:
    """A database of its own for one test."""

    server: PgServer
    name: str

    @property
    def url(self) -> str:
        """Its address, for DATABASE_URL."""
        return self.server.url(self.name)

    @property
    def dsn(self) -> str:
        """Its libpq connection string."""
        return self.server.dsn(self.name)

    def connect(self, **options: Any) -> psycopg.Connection[Any]:
        """Open a connection that commits by itself unless told otherwise."""
        return self.server.connect(self.name, **options)

    def psql(self, script: str | Path) -> str:
        """Run SQL text or a file of it up to its first error; return what psql prints, bare."""
        text = script.read_text() if isinstance(script, Path) else script
        command: list[str | Path] = [
            self.server.bin("psql"),
            "-XqAt",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            self.url,
            "-f",
            "-",
        ]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        if done.returncode:
            raise AssertionError(f"psql ended with {done.returncode}:\n{done.stderr}")
        return done.stdout

    def manage(
        self,
        *arguments: str,
        check: bool = True,
        env: Mapping[str, str] | None = None,
        timeout: float | None = 300,
    ) -> subprocess.CompletedProcess[str]:
        """Run ``manage.py`` on this database in a process of its own.

        With ``check`` an exit code other than 0 is an AssertionError that shows both outputs.
        """
        done = processes.run(self._command(arguments), cwd=ROOT, env=self.environment(env), timeout=timeout)
        if check and done.returncode:
            said = f"{done.stdout}\n{done.stderr}"
            raise AssertionError(f"manage.py {' '.join(arguments)} ended with {done.returncode}:\n{said}")
        return done

    def popen(self, *arguments: str, env: Mapping[str, str] | None = None, **options: Any) -> subprocess.Popen[str]:
        """Start ``manage.py`` on this database and return the process, outputs piped by default."""
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return processes.popen(self._command(arguments), cwd=ROOT, env=self.environment(env), **(pipes | options))

    def scratches(self) -> list[str]:
        """Return the names of the scratch databases that were made for this database."""
        with self.connect() as connection:
            rows = connection.execute(
                "SELECT d.datname FROM pg_database d, pg_database own WHERE own.datname = current_database()"
                " AND starts_with(d.datname, 'livemigrations_scratch_' || own.oid || '_')"
            )
            return [row[0] for row in rows]

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the environment of a process that shall use this database."""
        return {**os.environ, "DATABASE_URL": self.url, **(extra or {})}

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, str(ROOT / "manage.py"), *arguments]


@contextmanager
def fresh(server: PgServer, template: str | None = None) -> Iterator[Database]:
    """Create a database with a name of its own, and drop it with everybody in it afterwards."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    server.create_database(name, template)
    try:
        yield Database(server, name)
    finally:
        server.drop_database(name)

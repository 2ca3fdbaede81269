"""An embedded server of a test's own, driven from outside like a user drives it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from config.embedded import account as accounts
from config.embedded import binaries, places
from config.embedded import processes as postmasters
from config.embedded.places import Places
from tests.support import postgres, processes
from tests.support.database import ROOT

CLIENT = "with server.client(): print('in', flush=True); sys.stdin.read()"
DROP = "import config.embedded.__main__, psycopg; os.setgroups([]); os.setgid({gid}); os.setuid({uid});"


@dataclass(frozen=True)
class Home:
    """A folder for an embedded server, and the commands that work on it."""

    folder: Path
    source: Path = ROOT

    @property
    def places(self) -> Places:
        """Where this server's files are."""
        return Places(self.folder / "pgdata")

    @property
    def postmaster(self) -> int | None:
        """The process that runs now."""
        return postmasters.postmaster(self.places.data)

    def command(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run ``python -m config.embedded``."""
        return self._run("-m", "config.embedded", *arguments, env=env)

    def must(self, *arguments: str, **env: str) -> str:
        """Run a command that has to succeed; return what it prints."""
        done = self.command(*arguments, **env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def command_as(self, user: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a command as another user, which only root can.

        The interpreter may be closed to that user, so the process imports everything first and changes then.
        """
        entry = pwd.getpwnam(user)
        change = DROP.format(uid=entry.pw_uid, gid=entry.pw_gid)
        call = f"sys.exit(config.embedded.__main__.main({list(arguments)!r}))"
        programs = binaries.reachable(binaries.find(), accounts.choose(self.folder))
        return self._run("-c", f"import os, sys; {change} {call}", env={"PG_BIN": str(programs.folder), **env})

    def client(self, code: str = CLIENT) -> subprocess.Popen[str]:
        """Start a process that needs the server until its stdin is closed; return once it is registered."""
        process = processes.interpreter(
            [sys.executable, "-c", f"import sys; from config.embedded import server\n{code}"],
            cwd=self.source,
            env=self.environment({}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "in\n"
        return process

    def start(self, **env: str) -> subprocess.Popen[str]:
        """Begin a start and do not wait for it."""
        return processes.interpreter(
            [sys.executable, "-m", "config.embedded", "start"],
            cwd=self.source,
            env=self.environment(env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def connect(self) -> psycopg.Connection[Any]:
        """Open a connection to the server's database."""
        return psycopg.connect(host=str(self.places.socket), user="teppan", dbname="teppan", autocommit=True)

    def environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of a process that uses this server and no other."""
        kept = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
        return {**kept, "TEPPAN_PGDATA": str(self.places.home), **extra}

    def _run(self, *arguments: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        return processes.run(
            [sys.executable, *arguments],
            cwd=self.source,
            env=self.environment(env),
            timeout=120,
            new_interpreter=True,
        )


@contextmanager
def home() -> Iterator[Home]:
    """Make a folder that every account can enter, and end and delete what a test left in it."""
    folder = Path(tempfile.mkdtemp(prefix=postgres.HOME_PREFIX, dir=places.temporary()))
    folder.chmod(0o755)
    made, alive = Home(folder), postgres.mark_alive(folder)
    try:
        yield made
    finally:
        postmasters.end(made.places.data)
        shutil.rmtree(folder)
        shutil.rmtree(made.places.socket, ignore_errors=True)
        alive.close()

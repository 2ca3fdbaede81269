"""Running a client program: it sees no secret on its command line and dies with the process that asked for it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.errors import ProgramFailed
from livemigrations.pgtools.addresses import conninfo, environment, role
from livemigrations.pgtools.programs import program

_TETHER = Path(__file__).with_name("tether.py")
_KEPT_LINES = 100


def run(
    name: str,
    connection: BaseDatabaseWrapper,
    arguments: Sequence[str | Path],
    *,
    made_by: int = 0,
    database: str | None = None,
    settings: str = "",
    line: Callable[[str], None] | None = None,
    tolerate: Callable[[list[str]], bool] | None = None,
) -> None:
    """Run pg_dump or pg_restore against the connection's server and wait for it.

    ``made_by`` is the major version of the program that wrote what this one reads, if any; ``database`` names another
    database than the connection's; ``settings`` are further ones of its session; ``line`` is given each line of standard error, in
    English. ``tolerate`` looks at the last of these lines after a failure and may say that it is none. Raises
    ``ProgramMissing`` and ``ProgramFailed``. Ctrl-C ends the program before it goes on.
    """
    path = program(name, server_version=server_version(connection), made_by=made_by)
    acting = role(connection)
    command: list[str | Path] = [path, "--no-password", "--dbname", conninfo(connection, database, settings=settings)]
    command += ["--role", acting] if acting else []
    said: deque[str] = deque(maxlen=_KEPT_LINES)
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", _TETHER, str(os.getpid()), *command, *arguments],
        env=environment(connection),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    with process:
        try:
            assert process.stderr is not None
            for text in process.stderr:
                said.append(text.rstrip())
                if line is not None:
                    line(text.rstrip())
        except BaseException:
            process.terminate()
            raise
    if process.returncode and not (tolerate and tolerate(list(said))):
        raise ProgramFailed(name, process.returncode, list(said))


def server_version(connection: BaseDatabaseWrapper) -> int:
    """PostgreSQL's number of the server's version, 180004 for 18.4."""
    wrapper: BaseDatabaseWrapper = connection
    return int(wrapper.pg_version)  # type: ignore[attr-defined]

"""Drops a database when its maker is gone, however it went. Run as a script, in a session of its own.

The first line of standard input is JSON: ``conninfo`` (without a password, which is in the environment), ``role``,
``database`` and ``key``, the maker's advisory lock. Then it waits: told ``done`` it leaves, and when the pipe ends without
that, it waits for the maker's session to end and drops the database together with everybody in it.
"""

from __future__ import annotations

import json
import os
import select
import signal
import time
from typing import Any

import psycopg
from psycopg import sql

_LOOK_EVERY_S, _PATIENCE_S = 1.0, 120.0


def main() -> None:
    """Wait for the end of the maker, or for its word that there is nothing to do."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    maker = os.getppid()
    said = b""
    while os.getppid() == maker:
        if not select.select([0], [], [], _LOOK_EVERY_S)[0]:
            continue
        part = os.read(0, 65536)
        if not part:
            break
        said += part
    order, _, word = said.partition(b"\n")
    if order and word.strip() != b"done":
        drop(json.loads(order))


def drop(order: dict[str, Any]) -> None:
    """Drop the database, as soon as its maker's session has ended; tries again while the server is away."""
    give_up = time.monotonic() + _PATIENCE_S
    while True:
        try:
            with psycopg.connect(order["conninfo"], autocommit=True) as connection:
                if order["role"]:
                    connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(order["role"])))
                connection.execute("SELECT set_config('lock_timeout', %s, false)", [f"{_PATIENCE_S:.0f}s"])
                connection.execute("SET default_transaction_read_only = off")
                connection.execute("SELECT pg_advisory_lock(%s)", [order["key"]])
                name = sql.Identifier(order["database"])
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        except psycopg.OperationalError:
            if time.monotonic() > give_up:
                raise
            time.sleep(1)
        else:
            return


if __name__ == "__main__":
    main()

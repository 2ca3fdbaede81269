"""The verbs of the embedded server; each may be called by several processes at the same time."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from config.embedded import clients, cluster, processes
from config.embedded import places as locations
from config.embedded.account import Account
from config.embedded.errors import NoRights
from config.embedded.places import SOCKET_FILE, Places


@dataclass(frozen=True)
class Status:
    """What is known about the embedded server; ``postmaster`` is None when it does not run."""

    home: str
    account: str
    version: int | None
    postmaster: int | None
    clients: list[int]


def settings() -> dict[str, Any]:
    """Return the ``DATABASES`` entry of the embedded server; computes, starts nothing."""
    places, _ = locations.find()
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": cluster.DATABASE,
        "USER": cluster.ROLE,
        "HOST": os.fspath(places.socket),
        "PORT": cluster.OPTIONS["port"],  # named, since libpq would take another one from PGPORT
    }


def url() -> str:
    """Return the address of the embedded server's database, usable as DATABASE_URL and by psql."""
    places, _ = locations.find()
    socket, port = quote(os.fspath(places.socket), safe="/"), cluster.OPTIONS["port"]
    return f"postgres://{cluster.ROLE}@/{cluster.DATABASE}?host={socket}&port={port}"


def ensure_running() -> None:
    """Start the embedded server unless it runs, creating it at first; raises EmbeddedError."""
    places, account = locations.find()
    places.make(account)
    if _answers(places):
        return
    with places.locked():
        _ensure(places, account)


@contextlib.contextmanager
def client() -> Iterator[None]:
    """Keep the server running inside of the block; whoever leaves last stops it.

    A terminating or hang-up signal leaves the block as well; a client that was killed counts no more.
    """
    places, account = locations.find()
    places.make(account)
    with places.locked():
        handle = clients.register(places)
        try:
            _ensure(places, account)
        except BaseException:
            clients.leave(places, handle)
            raise
    try:
        with _signals_end_the_block():
            yield
    finally:
        with places.locked():
            if clients.leave(places, handle):
                processes.end(places.data)


def stop() -> bool:
    """Stop the server, whoever still uses it; return whether it ran."""
    places, _ = locations.find()
    if not places.home.exists():
        return processes.end(places.data)
    with places.locked():
        return processes.end(places.data)


def remove() -> bool:
    """Stop the server and delete all of its files; return whether there were any."""
    places, account = locations.find()
    stopped = stop()
    present = places.home.exists()
    leftovers = [places.home, places.socket]
    if not os.environ.get("TEPPAN_PGDATA"):
        leftovers.append(locations.outside())
    for folder in leftovers:
        if folder.exists() and (folder == places.home or folder.stat().st_uid in {os.geteuid(), account.uid}):
            _delete(folder)
    return stopped or present


def status() -> Status:
    """Return what is known about the server; starts nothing."""
    places, account = locations.find()
    needed_by = clients.alive(places) if places.clients.exists() else []
    made_by = cluster.data_version(places)
    return Status(os.fspath(places.home), account.name, made_by, processes.postmaster(places.data), needed_by)


def _ensure(places: Places, account: Account) -> None:
    if _answers(places):
        return
    new = cluster.data_version(places) is None
    programs = cluster.choose(places, account)
    if new or (processes.postmaster(places.data) and not (places.socket / SOCKET_FILE).exists()):
        processes.end(places.data)
    if new:
        cluster.create(places, account, programs)
    cluster.start(places, account, programs)
    _make_database(places)


def _delete(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except OSError as error:
        message = f"{error.filename} cannot be deleted ({error.strerror}). Delete it as its owner."
        raise NoRights(message) from error


def _answers(places: Places) -> bool:
    """Tell whether the server of these places answers; one whose data folder was deleted does not count."""
    import psycopg

    if not (places.data / "postmaster.pid").exists() or not (places.socket / SOCKET_FILE).exists():
        return False
    try:
        _connect(places, cluster.DATABASE).close()
    except psycopg.OperationalError:
        return False
    return True


def _make_database(places: Places) -> None:
    with _connect(places, "postgres") as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [cluster.DATABASE])
        if not found.fetchone():
            connection.execute(f"CREATE DATABASE {cluster.DATABASE}")


def _connect(places: Places, name: str) -> Any:
    import psycopg

    dsn = psycopg.conninfo.make_conninfo(host=os.fspath(places.socket), port=5432, user=cluster.ROLE, dbname=name)
    return psycopg.connect(dsn, autocommit=True, connect_timeout=10)


@contextlib.contextmanager
def _signals_end_the_block() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into SystemExit, so that the server is not left behind."""

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    previous = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)

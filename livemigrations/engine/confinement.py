"""Rehearsals that touch nothing but the copy: other databases, the network and programs are refused, the rest goes nowhere.

It holds in the thread of the rehearsal and in those that are started from it; what else the process does goes on as ever.
Files that a migration writes are written.
"""

from __future__ import annotations

import functools
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from django.db import migrations as django_migrations
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict

from livemigrations.engine.nowhere import substitute
from livemigrations.errors import OutsideTheCopy

_NETWORK = {
    "socket.connect": "connects to",
    "socket.sendto": "sends to",
    "socket.sendmsg": "sends to",
    "socket.getaddrinfo": "looks up",
}
_PROGRAMS = {"subprocess.Popen", "os.system", "os.posix_spawn", "os.exec"}
_OWN_WAY = "Remedy: have the migration use schema_editor.connection.alias."
_ALLOW = "Remedy: leave it to code that runs after the migrations, or allow it with --allow-network."


@dataclass(slots=True)
class _Confinement:
    """What one rehearsal may reach: the copy, under these aliases. ``migration`` is the one that runs."""

    copy: BaseDatabaseWrapper
    aliases: frozenset[str]
    network: bool
    migration: str = ""


_now: ContextVar[_Confinement | None] = ContextVar("livemigrations_confinement", default=None)
_network: ContextVar[bool] = ContextVar("livemigrations_network", default=False)


@contextmanager
def network_allowed(allowed: bool = True) -> Iterator[None]:
    """Let the Python of migrations reach the network and start programs in the rehearsals inside of the block."""
    token = _network.set(allowed)
    try:
        yield
    finally:
        _network.reset(token)


@contextmanager
def confined(copy: BaseDatabaseWrapper, aliases: Iterable[str]) -> Iterator[None]:
    """Inside the block, code reaches no database but that of ``copy``, under these aliases.

    Mails, caches, tasks and hooks on commit lead nowhere. Other databases and, unless it is allowed, the network and
    programs raise ``OutsideTheCopy``.
    """
    _install()
    token = _now.set(_Confinement(copy, frozenset(aliases), _network.get()))
    try:
        yield
    finally:
        _now.reset(token)


def running(migration: str) -> None:
    """Say which migration runs, for the messages; outside of a rehearsal it is nobody's business."""
    if (now := _now.get()) is not None:
        now.migration = migration


def refuse_database(alias: str, asked: str = "") -> NoReturn:
    """Raise ``OutsideTheCopy`` for another database than the copy."""
    what = f"asks the database {alias!r}, which is not copied" + (f", for: {asked[:200]}" if asked else "")
    raise OutsideTheCopy(f"{_who()} {what}\nA rehearsal lets nothing reach another database than its copy. {_OWN_WAY}")


def _who() -> str:
    """The migration that runs, and the line of it that is to blame."""
    now = _now.get()
    name = f"The migration {now.migration}" if now is not None and now.migration else "A migration"
    lines = [f"{one.filename}, line {one.lineno}" for one in traceback.extract_stack() if _is_migration(one.filename)]
    return f"{name} ({lines[-1]})" if lines else name


def _is_migration(file: str) -> bool:
    folder = Path(file).parent
    return folder.name == "migrations" and folder != Path(django_migrations.__file__).parent


# --- installed once: what was put in place stays, and does nothing outside of a rehearsal ---------------------------

_once = threading.Lock()
_installed: list[bool] = []


def _install() -> None:
    with _once:
        if _installed:
            return
        _installed.append(True)
        substitute(lambda: _now.get() is not None)
        _guard_databases()
        _guard_drivers()
        _hand_down_to_threads()
        sys.addaudithook(_look)


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: sees every socket and program of Python's; the server itself is reached by libpq, past them."""
    if event not in _NETWORK and event not in _PROGRAMS:
        return
    now = _now.get()
    if now is None or now.network:
        return
    if event in _PROGRAMS:
        raise OutsideTheCopy(f"{_who()} starts a program: {str(arguments[0])[:200]}\nA rehearsal starts none. {_ALLOW}")
    address = arguments[0] if event == "socket.getaddrinfo" else arguments[1]
    if address is not None:  # of a socket that is connected already
        raise OutsideTheCopy(f"{_who()} {_NETWORK[event]} {address!r}\nA rehearsal reaches no network. {_ALLOW}")


def _guard_databases() -> None:
    """Connections of Django's: the alias is the copy, in every thread of the rehearsal, and no other one opens."""
    connect, create = BaseDatabaseWrapper.connect, ConnectionHandler.create_connection

    def guarded(connection: BaseDatabaseWrapper) -> None:
        now = _now.get()
        if now is not None and not _is_copy(now, connection.settings_dict.get("NAME")):
            refuse_database(connection.alias)
        connect(connection)

    def created(handler: Any, alias: str) -> Any:
        now = _now.get()
        if now is None or alias not in now.aliases:
            return create(handler, alias)
        return now.copy.copy(alias)

    BaseDatabaseWrapper.connect = guarded  # type: ignore[method-assign, assignment]
    ConnectionHandler.create_connection = created  # type: ignore[method-assign, assignment]


def _guard_drivers() -> None:
    """Connections of the driver's, however they are asked for."""
    base: Any = Connection.__mro__[1]
    generate = vars(base)["_connect_gen"].__func__

    @functools.wraps(generate)
    def guarded(cls: Any, conninfo: str = "", *args: Any, **options: Any) -> Any:
        if (now := _now.get()) is not None:
            name = conninfo_to_dict(conninfo).get("dbname")
            if not _is_copy(now, name):
                refuse_database(str(name or ""))
        return generate(cls, conninfo, *args, **options)

    base._connect_gen = classmethod(guarded)  # noqa: SLF001 - what each way to connect goes through


def _is_copy(now: _Confinement, name: object) -> bool:
    return name is not None and str(name) == str(now.copy.settings_dict["NAME"])


def _hand_down_to_threads() -> None:
    start = threading.Thread.start

    def started(thread: threading.Thread) -> None:
        if _now.get() is not None:
            run: Callable[[], None] = functools.partial(copy_context().run, thread.run)
            vars(thread)["run"] = run
        start(thread)

    threading.Thread.start = started  # type: ignore[method-assign, assignment]

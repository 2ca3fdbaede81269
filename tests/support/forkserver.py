"""A process that has imported Django, psycopg and the engine, and forks a child for each command of a test.

``tests.support.processes`` starts it and describes what it may be asked. A child behaves like a new interpreter: it gets
its own environment, working directory, ``sys.path``, ``sys.argv``, standard streams and signal handlers, runs the
command as ``__main__``, waits for its threads and runs its exit functions. Nothing that depends on settings, environment
or working directory is imported before the fork: :func:`preload` checks this.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import io
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys
import threading
import time
import types
from collections.abc import Iterator
from typing import Any

MOST_BYTES = 1 << 20
PACKAGES = ("livemigrations", "config.environment", "config.launch")
LIBRARIES = (
    *("argparse", "concurrent.futures", "decimal", "email.message", "html.parser", "logging.config", "uuid"),
    *("django.core.management", "django.core.checks", "django.core.mail", "django.core.paginator", "django.core.cache"),
    *("django.core.management.commands.check", "django.core.management.commands.migrate"),
    *("django.core.management.commands.makemigrations", "django.core.management.commands.shell"),
    *("django.core.serializers.json", "django.core.serializers.python", "django.core.handlers.wsgi"),
    *("django.db.models", "django.db.migrations.autodetector", "django.db.migrations.executor"),
    *("django.db.migrations.writer", "django.db.migrations.questioner", "django.db.backends.postgresql.base"),
    *("django.contrib.postgres.fields", "django.contrib.postgres.indexes", "django.contrib.postgres.constraints"),
    *("django.contrib.postgres.functions", "django.contrib.postgres.operations", "django.contrib.postgres.search"),
    *("django.contrib.postgres.aggregates", "django.contrib.postgres.apps"),
    *("django.contrib.auth", "django.contrib.auth.hashers", "django.contrib.messages", "django.contrib.sessions"),
    *("django.forms", "django.forms.models", "django.http", "django.shortcuts", "django.template.defaultfilters"),
    *("django.template.loader", "django.template.backends.django", "django.urls"),
    *("django.utils.autoreload", "django.views.generic", "django.views.debug", "django.views.static"),
    *("psycopg", "psycopg.types.json", "psycopg.types.range", "psycopg.types.multirange", "psycopg.types.numeric"),
    *("rich.console", "rich.live", "rich.progress", "rich.table", "environ", "whitenoise", "whitenoise.middleware"),
)


def preload() -> None:
    """Import library code. Raises AssertionError when that read the settings or started a thread."""
    from django.apps import apps
    from django.conf import settings
    from django.core.exceptions import AppRegistryNotReady, ImproperlyConfigured

    for name in LIBRARIES:
        importlib.import_module(name)
    for name in [module for package in PACKAGES for module in _modules(package)]:
        with contextlib.suppress(ImproperlyConfigured, AppRegistryNotReady):  # those that need settings or models
            importlib.import_module(name)
    assert not settings.configured, "an import before the fork has configured the settings"
    assert not apps.ready
    assert threading.active_count() == 1, threading.enumerate()


def _modules(package: str) -> Iterator[str]:
    yield package
    folder: Any = getattr(importlib.import_module(package), "__path__", ())
    for found in pkgutil.walk_packages(folder, f"{package}."):
        yield found.name


def serve(connection: socket.socket) -> dict[str, Any] | None:
    """Answer requests until the other side is gone; in a child, return what the child must run."""
    children: set[int] = set()
    while True:
        data, streams, _, _ = socket.recv_fds(connection, MOST_BYTES, 3)
        if not data:
            for child in children:
                os.kill(child, signal.SIGKILL)
            return None
        request = json.loads(data)
        if "reap" in request:
            _, status = os.waitpid(request["reap"], 0)
            children.discard(request["reap"])
            connection.send(json.dumps(os.waitstatus_to_exitcode(status)).encode())
            continue
        child = os.fork()
        if child == 0:
            connection.close()
            _prepare(request, streams)
            return dict(request)
        children.add(child)
        for stream in streams:
            os.close(stream)
        connection.send(json.dumps(child).encode())


def _prepare(request: dict[str, Any], streams: list[int]) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if request["start_new_session"]:
        os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.closerange(3, max(streams) + 1)
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    os.chdir(request["cwd"])
    for descriptor, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        opened = _stream(descriptor, mode, getattr(sys, name))
        setattr(sys, name, opened)
        setattr(sys, f"__{name}__", opened)
    sys.orig_argv[:] = request["command"]


def _stream(number: int, mode: str, model: io.TextIOWrapper) -> io.TextIOWrapper:
    """Open a standard stream as the interpreter did for this process, which knows PYTHONUNBUFFERED."""
    unbuffered = model.write_through
    binary: Any = open(number, f"{mode}b", 0 if unbuffered and mode == "w" else -1, closefd=False)  # noqa: SIM115
    line_buffering = not unbuffered and (number == 2 or binary.isatty())
    return io.TextIOWrapper(binary, model.encoding, model.errors, None, line_buffering, model.write_through)


def run(command: list[str], library: list[str]) -> None:
    """Run a command line of the interpreter: ``-m module``, ``-c code`` or a script, each with arguments."""
    kind, *rest = command[1:]
    given = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    sys.path[:] = dict.fromkeys([*map(os.path.abspath, given), *library])
    if kind == "-m":
        sys.path.insert(0, os.getcwd())  # noqa: PTH109 - the interpreter's own text
        sys.argv[:] = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif kind == "-c":
        sys.path.insert(0, "")
        sys.argv[:] = ["-c", *rest[1:]]
        main = sys.modules["__main__"] = types.ModuleType("__main__")
        exec(compile(rest[0], "<string>", "exec"), main.__dict__)  # noqa: S102
    else:
        sys.path.insert(0, os.path.dirname(os.path.realpath(kind)))  # noqa: PTH120 - the interpreter's own text
        sys.argv[:] = [kind, *rest]
        runpy.run_path(kind, run_name="__main__")


def end(code: Any) -> None:
    """End the process with this exit code, as the interpreter does but without clearing the modules, which takes longest.

    Returns when there is a failure to report, so that the interpreter does it.
    """
    if code is not None and not isinstance(code, int):
        return
    threading._shutdown()  # type: ignore[attr-defined]  # what the interpreter itself calls
    atexit._run_exitfuncs()
    gc.collect()  # an object that was not closed warns
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return
    os._exit((code or 0) & 0xFF)


def main() -> None:
    """Serve the connection whose descriptor is the first argument."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = socket.socket(fileno=int(sys.argv[1]))
    library = sys.path[1:]
    preload()
    gc.collect()
    gc.freeze()
    request = serve(connection)
    if request is not None:
        try:
            run(request["command"], library)
        except SystemExit as ended:
            end(ended.code)
            raise
        end(0)


if __name__ == "__main__":
    main()

"""Start Python processes for tests: by forking a process that has imported Django, or with a new interpreter.

A new interpreter spends most of a short command's time on imports. ``popen`` and ``run`` therefore ask a fork server
(:mod:`tests.support.forkserver`), one for each process of pytest, whenever the command, its options and its environment
allow it; ``TEPPAN_TEST_FORK=0`` makes every process a new interpreter. ``interpreter`` always starts a new one.

No process outlives its test: ``end_since`` kills the processes that a test has left running.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SWITCH = "TEPPAN_TEST_FORK"
OPTIONS = {"stdin", "stdout", "stderr", "text", "start_new_session"}
READ_AT_START = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_", "GLIBC_")
WITHOUT = {"PYTHONPATH", "DJANGO_SETTINGS_MODULE"}  # the fork server gets neither: children bring their own
MOST_BYTES = 1 << 16

Command = Sequence[str | Path]


class Process(subprocess.Popen[str]):
    """A new interpreter, or another program. Leaving its block with an exception kills it."""

    def __init__(self, command: Command, **options: Any) -> None:
        super().__init__(command, text=True, **options)
        _started.append(weakref.ref(self))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.kill()
        super().__exit__(kind, error, trace)


class Forked(Process):
    """A child of the fork server. It has the interface of Popen, three of whose internal methods it replaces.

    The fork server waits for the child only when :meth:`_wait` asks for it. Until then the child is a zombie, as a child
    of this process would be, and its process ID is not given to another process.
    """

    _exited = -1

    def _execute_child(self, command: Command, _executable: Any, _preexec: Any, _close: Any, *rest: Any) -> None:
        _pass_fds, cwd, env, _startup, _flags, _shell, *pipes = rest[:12]
        start_new_session = rest[-2]
        inherited = (0, 1, 2)
        wanted = (pipes[0], pipes[3], pipes[5])
        streams = [own if one == -1 else one for own, one in zip(inherited, wanted, strict=True)]
        try:
            self.pid = _server().start(command, cwd, env, streams, start_new_session)
            self._exited = os.pidfd_open(self.pid)
            self._child_created = True
        finally:
            self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]  # Popen's own, unknown to typeshed

    def _internal_poll(self, _deadstate: Any = None) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._wait(0)
        return self.returncode

    def _wait(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            if not _readable(self._exited, timeout):
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.returncode = _server().reap(self)
        return self.returncode


class Server:
    """This side of the fork server: requests and answers are JSON, one message each."""

    def __init__(self) -> None:
        self.environment = dict(os.environ)
        self.socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.lock = threading.Lock()
        with other:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.forkserver", str(other.fileno())],
                cwd=ROOT,
                env={key: value for key, value in self.environment.items() if key not in WITHOUT},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[other.fileno()],
            )

    def start(
        self, command: Command, cwd: Any, env: Mapping[str, str] | None, streams: list[int], start_new_session: bool
    ) -> int:
        """Fork a child that runs ``command`` with these standard streams; return its process ID."""
        request = {
            "command": [os.fspath(part) for part in command],
            "cwd": os.fspath(cwd or os.getcwd()),  # noqa: PTH109 - a string is sent
            "env": dict(os.environ if env is None else env),
            "start_new_session": bool(start_new_session),
        }
        with self.lock:
            socket.send_fds(self.socket, [json.dumps(request).encode()], streams)
            return self._answer()

    def reap(self, child: Forked) -> int:
        """Return the exit code of a child that has ended, negative for a signal."""
        with self.lock:
            if child.returncode is None:
                self.socket.send(json.dumps({"reap": child.pid}).encode())
                child.returncode = self._answer()
                os.close(child._exited)
            return child.returncode

    def stop(self) -> None:
        """End the fork server; it kills the children that still run."""
        self.socket.close()
        self.process.wait(60)

    def _answer(self) -> int:
        answer = self.socket.recv(MOST_BYTES)
        assert answer, "the fork server has ended"
        return int(answer)


_started: list[weakref.ref[Process]] = []
_servers: list[Server] = []
_starting = threading.Lock()


def popen(command: Command, **options: Any) -> subprocess.Popen[str]:
    """Start a Python process whose command line begins with ``sys.executable``; options as for ``subprocess.Popen``."""
    return (Forked if _can_be_forked(command, options) else Process)(command, **options)


def interpreter(command: Command, **options: Any) -> subprocess.Popen[str]:
    """Start a new interpreter, or another program, that does not outlive the test."""
    return Process(command, **options)


def run(
    command: Command, *, timeout: float | None = None, new_interpreter: bool = False, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and return its exit code and outputs. It is killed after ``timeout`` seconds."""
    start = interpreter if new_interpreter else popen
    with start(command, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}) as process:
        stdout, stderr = process.communicate(timeout=timeout)
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)


@contextlib.contextmanager
def new_interpreters() -> Iterator[None]:
    """Start a new interpreter for each process inside the block."""
    before = os.environ.get(SWITCH)
    os.environ[SWITCH] = "0"
    try:
        yield
    finally:
        del os.environ[SWITCH]
        if before is not None:
            os.environ[SWITCH] = before


def started() -> int:
    """Return how many processes have been started so far."""
    return len(_started)


def end_since(count: int) -> None:
    """Kill the processes that still run, except the first ``count`` that were started."""
    for reference in _started[count:]:
        process = reference()
        if process is not None and process.poll() is None:
            process.kill()
            process.wait(60)


def stop_server() -> None:
    """End this process's fork server, if it has one."""
    while _servers:
        _servers.pop().stop()


def interrupt_by_default() -> None:
    """Handle SIGINT as Python does by default, here and in children, even if the shell had it ignored.

    Shells start background jobs of scripts with SIGINT ignored, and the tests of Ctrl-C would wait forever.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _server() -> Server:
    with _starting:
        if not _servers:
            _servers.append(Server())
        return _servers[0]


def _can_be_forked(command: Command, options: Mapping[str, Any]) -> bool:
    if os.environ.get(SWITCH) == "0" or not hasattr(os, "pidfd_open") or options.keys() - OPTIONS - {"cwd", "env"}:
        return False
    first, kind = command[0], os.fspath(command[1])
    is_known = first == sys.executable and (kind in {"-m", "-c"} or kind.endswith(".py"))
    return is_known and _startup(options.get("env") or os.environ) == _startup(_server().environment)


def _startup(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that an interpreter reads before it runs any Python."""
    return {key: value for key, value in environment.items() if key.startswith(READ_AT_START) and key != "PYTHONPATH"}


def _readable(descriptor: int, timeout: float | None) -> bool:
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(None if timeout is None else max(timeout, 0) * 1000))

"""Processes of tests: a forked one behaves like a new interpreter, and none outlives its test or ignores Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support import processes
from tests.support.database import ROOT, Database
from tests.support.waiting import wait_until

SLEEP = "import time; print('ready', flush=True); time.sleep(600)"
SAME: dict[str, list[str]] = {
    "a line": ["-c", "print('hello')"],
    "arguments and path": ["-c", "import sys; print(sys.argv, sys.path[0], sys.path[1], sys.orig_argv)", "one", "two"],
    "a module": ["-m", "django", "version"],
    "an unknown command": ["-m", "django", "no_such_command"],
    "a script": ["manage.py", "version"],
    "an exit code": ["-c", "raise SystemExit(7)"],
    "an exit message": ["-c", "raise SystemExit('no')"],
    "a large exit code": ["-c", "raise SystemExit(257)"],
    "an exit function and a thread": [
        "-c",
        "import atexit, threading as t, time; atexit.register(print, 'exit'); t.Timer(0.2, print, ['timer']).start(); print(1)",
    ],
    "a file that is not closed": ["-c", "import warnings; warnings.simplefilter('always')\nopen('pyproject.toml')"],
    "an exception that nobody can catch": ["-c", "class Bad:\n    def __del__(self): raise TypeError\nBad()"],
    "descriptors": ["-c", "import os; print(sorted(os.listdir('/proc/self/fd')))"],
    "signals": ["-c", "import signal; print([(s, signal.getsignal(s)) for s in (2, 13, 15, 17)], signal.pthread_sigmask(0, []))"],
    "the environment": ["-c", "import os; print(sorted(os.environ.items()), os.getcwd())"],
    "the streams": ["-c", "import sys; print([(s.encoding, s.errors, s.line_buffering, s.isatty(), s.fileno()) for s in (sys.stdin, sys.stdout, sys.stderr)])"],
    "the settings": ["-c", "from django.conf import settings; print(settings.configured); import django; django.setup(); print(settings.DATABASES)"],
    "main": ["-c", "import __main__; x = 1; print(__name__, __main__.x)"],
    "a killed process": ["-c", "import os; os.kill(os.getpid(), 9)"],
    "a terminated process": ["-c", "import os; os.kill(os.getpid(), 15)"],
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_a_forked_process_and_a_new_interpreter_do_the_same(name: str) -> None:
    command = [sys.executable, *SAME[name]]
    env = {**os.environ, "PYTHONPATH": "somewhere", "EXTRA": "Größe"}
    ends = []
    for new in (False, True):
        done = processes.run(command, cwd=ROOT, env=env, timeout=60, new_interpreter=new)
        ends.append((done.returncode, done.stdout, _without_addresses(done.stderr)))
    assert ends[0] == ends[1]


def _without_addresses(text: str) -> list[str]:
    return [line.partition(" at 0x")[0] for line in text.splitlines() if not line.startswith(" ")]


@pytest.mark.parametrize("code", ["1 / 0", "raise KeyboardInterrupt"])
def test_a_forked_process_that_fails(code: str) -> None:
    command = [sys.executable, "-c", code]
    forked, real = (processes.run(command, timeout=60, new_interpreter=new) for new in (False, True))
    assert (forked.returncode, forked.stderr.splitlines()[-1]) == (real.returncode, real.stderr.splitlines()[-1])


def test_streams_signals_and_groups_of_a_forked_process(tmp_path: Path) -> None:
    code = (
        "import os, sys; print(os.getpgid(0), os.getsid(0), flush=True); print(sys.stdin.read()); raise SystemExit(3)"
    )
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    for new_session in (False, True):
        with processes.popen([sys.executable, "-c", code], start_new_session=new_session, **pipes) as process:
            assert isinstance(process, processes.Forked)
            assert process.poll() is None
            said = process.communicate("given", timeout=60)[0]
        own = f"{process.pid} {process.pid}" if new_session else f"{os.getpgid(0)} {os.getsid(0)}"
        assert (said.splitlines(), process.returncode) == ([own, "given"], 3)
    command = [sys.executable, "-c", SLEEP]
    for number in (signal.SIGKILL, signal.SIGINT, signal.SIGTERM):
        with processes.popen(command, **pipes, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.01)
            os.kill(process.pid, number)
            assert process.wait(60) == -number


def test_what_an_interpreter_reads_before_it_runs_needs_a_new_one() -> None:
    hello = [sys.executable, "-c", "print(__debug__)"]
    for options in ({"env": {**os.environ, "PYTHONOPTIMIZE": "1"}}, {"preexec_fn": os.getpid}):
        with processes.popen(hello, stdout=subprocess.PIPE, **options) as process:
            assert not isinstance(process, processes.Forked)
            assert process.communicate(timeout=60)[0] == f"{'env' not in options}\n"
    with processes.new_interpreters(), processes.popen(hello, stdout=subprocess.DEVNULL) as process:
        assert not isinstance(process, processes.Forked)


def test_a_command_of_a_database_reads_its_own_address(database: Database) -> None:
    code = "from django.db import connection; print(connection.settings_dict['NAME'])"
    shell = ("shell", "--no-imports", "-v", "0", "-c", code)
    assert database.manage(*shell).stdout.strip() == database.name
    assert database.manage(*shell, env={"DATABASE_URL": "postgres://x@/another"}).stdout.strip() == "another"


LEAVES = """
import sys
import pytest
from tests.support import processes

@pytest.mark.parametrize("start", [processes.popen, processes.interpreter])
def test_leaves(start):
    process = start([sys.executable, "-c", "import time; time.sleep(600)"])
    with open({pids!r}, "a") as file:
        print(process.pid, file=file)
    raise AssertionError
"""


@pytest.mark.slow
def test_a_failed_test_leaves_no_process(tmp_path: Path) -> None:
    pids, test = tmp_path / "pids", tmp_path / "test_leaves.py"
    test.write_text(LEAVES.format(pids=str(pids)))
    done = _pytest("-p", "tests.conftest", "-c", "/dev/null", str(test))
    assert "2 failed" in done.stdout, done.stdout + done.stderr
    left = [int(pid) for pid in pids.read_text().split()]
    assert len(left) == 2
    wait_until(lambda: not any(psutil.pid_exists(pid) for pid in left))


@pytest.mark.slow
@pytest.mark.parametrize("forked", [True, False])
def test_tests_of_ctrl_c_pass_in_the_background_of_a_script(forked: bool) -> None:
    """Such a shell starts jobs with SIGINT ignored, no input and no terminal, and children inherit this."""
    selection = "tests/concurrency/test_interrupted.py::test_interrupted_from_the_keyboard"
    done = _pytest(selection, before=f"export {processes.SWITCH}={int(forked)}; trap '' INT; ")
    assert done.returncode == 0, done.stdout + done.stderr


def _pytest(*arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run pytest in a session of its own, apart from the servers of this one."""
    ours = {"TEPPAN_TEST_FLEET", "DATABASE_URL", "PYTEST_ADDOPTS"}
    env = {key: value for key, value in os.environ.items() if key not in ours and not key.startswith("PYTEST_XDIST")}
    script = f'{before}exec "$0" -m pytest -q -n0 -p no:cacheprovider "$@"'
    return processes.run(
        ["sh", "-c", script, sys.executable, *arguments],
        cwd=ROOT, env=env, stdin=subprocess.DEVNULL, start_new_session=True, timeout=300,
    )  # fmt: skip

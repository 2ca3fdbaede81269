"""A process that runs management commands in children and kills them at a chosen statement or moment.

It reads one JSON request a line (``argv``, and ``statements`` or ``seconds`` to live) and answers with one JSON line.
Django is loaded once, so that a hundred deaths take seconds.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from typing import Any

READS = ("SELECT", "SET", "RESET", "SHOW")


class Killer:
    """Counts the writing statements of the main thread and ends the process right after the chosen one."""

    def __init__(self, statements: int) -> None:
        self.left = statements

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        result = execute(sql, params, many, context)
        if threading.current_thread() is threading.main_thread() and not str(sql).lstrip().startswith(READS):
            self.left -= 1
            if self.left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return result


def _child(request: dict[str, Any], output: int) -> None:
    from django.core.management import execute_from_command_line
    from django.db.backends.signals import connection_created

    os.dup2(output, 1)
    os.dup2(output, 2)
    code = 1
    if request.get("statements"):
        killer = Killer(request["statements"])

        def install(connection: Any, **keywords: Any) -> None:
            connection.execute_wrappers.append(killer)

        connection_created.connect(install, weak=False)
    try:
        execute_from_command_line(["manage.py", *request["argv"]])
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - a child that fails must say why
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _run(request: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryFile("w+") as output:
        child = os.fork()
        if child == 0:
            _child(request, output.fileno())
        if request.get("seconds"):
            time.sleep(request["seconds"])
            os.kill(child, request.get("signal", signal.SIGKILL))
        _, status = os.waitpid(child, 0)
        output.seek(0)
        return {"code": os.waitstatus_to_exitcode(status), "output": output.read()}


def main() -> None:
    """Answer requests until stdin ends."""
    import django
    from django.core.management.commands import migrate  # noqa: F401

    warnings.simplefilter("ignore")
    django.setup()
    for line in sys.stdin:
        print(json.dumps(_run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()

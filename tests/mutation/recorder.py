"""Notes which test runs which line of the engine, in pytest's process and in every command that a test starts.

``install`` is called when ``livemigrations`` is imported in a tree that ``tests.mutation`` made. PYTEST_CURRENT_TEST, which
commands inherit, names the test. A process writes its notes when it ends.
"""

from __future__ import annotations

import atexit
import json
import os
import sys
from collections import defaultdict
from pathlib import Path
from types import CodeType
from typing import Any

FOLDER = "TEPPAN_MUTATION_NOTES"
TEST = "PYTEST_CURRENT_TEST"
_ROOT = str(Path(__file__).resolve().parents[2]) + "/"
_notes: dict[str, set[tuple[str, int]]] = defaultdict(set)


def install() -> None:
    """Begin to take notes, if the environment names a folder for them."""
    if FOLDER not in os.environ or sys.monitoring.get_tool(sys.monitoring.COVERAGE_ID):
        return
    sys.monitoring.use_tool_id(sys.monitoring.COVERAGE_ID, "mutation")
    sys.monitoring.register_callback(sys.monitoring.COVERAGE_ID, sys.monitoring.events.LINE, _line)
    sys.monitoring.set_events(sys.monitoring.COVERAGE_ID, sys.monitoring.events.LINE)
    atexit.register(write)
    os.register_at_fork(after_in_child=_notes.clear)


def _line(code: CodeType, line: int) -> Any:
    if not code.co_filename.startswith(_ROOT + "livemigrations/"):
        return sys.monitoring.DISABLE
    test = os.environ.get(TEST, "").rpartition(" ")[0]
    if test:
        _notes[test].add((code.co_filename.removeprefix(_ROOT), line))
    return None


def write() -> None:
    """Write the notes of this process and forget them."""
    if _notes:
        path = Path(os.environ[FOLDER]) / f"{os.getpid()}_{os.urandom(4).hex()}.json"
        path.write_text(json.dumps({test: sorted(lines) for test, lines in _notes.items()}))
        _notes.clear()

"""Commands that die at a chosen moment, and what must be true of a database whatever died in it."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support import processes
from tests.support.database import ROOT, Database

PROGRAM = "tests.concurrency.assassin"
KILLED = -9


@dataclass(frozen=True)
class End:
    """How a command ended: its exit code, negative for a signal, and what it printed."""

    code: int
    output: str


class Assassin:
    """Runs commands that are killed at a statement or after some seconds."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def run(self, *argv: str, **request: Any) -> End:
        """Run one command. ``statements`` or ``seconds``: how long it lives; neither: to its end."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"argv": argv, **request}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return End(answer["code"], answer["output"])

    def until_done(self, *argv: str, seed: int, lives: tuple[int, int], most: int = 200) -> int:
        """Run a command again and again, each time killed at a random statement, until it survives.

        ``lives`` bounds the number of writing statements of each. Returns how many died. The survivor must exit with 0.
        """
        draw = random.Random(seed)
        for died in range(most):
            end = self.run(*argv, statements=draw.randint(*lives))
            if end.code != KILLED:
                assert end.code == 0, end.output
                return died
        raise AssertionError(f"{' '.join(argv)} got nowhere in {most} runs")


@contextmanager
def assassin(
    database: Database, *, cwd: Path = ROOT, environment: Mapping[str, str] | None = None
) -> Iterator[Assassin]:
    """Start the process that runs and kills commands on ``database``."""
    process = processes.popen(
        [sys.executable, "-m", PROGRAM],
        cwd=cwd,
        env={**(environment or database.environment()), "PYTHONPATH": f"{cwd}:{ROOT}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        yield Assassin(process)


_QUESTIONS = {
    "recorded twice": "SELECT app || '.' || name FROM django_migrations GROUP BY app, name HAVING count(*) > 1",
    "open steps": "SELECT app || '.' || migration FROM livemigrations_step WHERE open",
    "invalid indexes": "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid",
    "not validated": "SELECT conname FROM pg_constraint WHERE NOT convalidated",
    "open runs": "SELECT command FROM livemigrations_run WHERE outcome = 'running'",
    "seeded twice": "SELECT relation || key FROM livemigrations_seed GROUP BY seed, relation, key HAVING count(*) > 1",
    "held lease": "SELECT holder FROM livemigrations_lease WHERE token IS NOT NULL",
}
_TWICE = """
SELECT app || '.' || migration || ' ' || operation || '/' || step || ' ' || direction FROM livemigrations_step
WHERE state = 'done' GROUP BY app, migration, operation, step, direction HAVING count(*) > %s
"""


def damage(database: Database, *, passages: int = 1) -> dict[str, list[str]]:
    """What a crash must never leave behind, by kind; empty if all is well.

    ``passages``: how often each migration was taken in the same direction; more ``done`` rows are recorded twice.
    """
    found = {}
    with database.connect() as connection:
        for kind, question in _QUESTIONS.items():
            found[kind] = [str(row[0]) for row in connection.execute(question)]
        found["steps done twice"] = [str(row[0]) for row in connection.execute(_TWICE, [passages])]
    return {kind: rows for kind, rows in found.items() if rows}

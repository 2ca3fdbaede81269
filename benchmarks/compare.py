"""Commands that come to the same end, run by turns, so that what disturbs the machine disturbs all of them."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field

from benchmarks.machine import Machine
from benchmarks.options import parser
from benchmarks.server import ROOT, environment
from benchmarks.tables import number, ratio, table

URL = "(the address of the database)"
Place = Callable[[], AbstractContextManager[str]]


@dataclass(frozen=True)
class Way:
    """A command, with URL where it wants the database's address, and its environment.

    ``place`` makes the database that a run gets, and yields its address.
    """

    name: str
    command: Sequence[str]
    place: Place
    environment: Mapping[str, str] = field(default_factory=dict)


def seconds_of(ways: Sequence[Way], rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each way in each round; an unmeasured round before warms all caches.

    Raises RuntimeError with what a command said when it fails.
    """
    found: dict[str, list[float]] = {way.name: [] for way in ways}
    for turn in range(rounds + 1):
        for way in ways if turn % 2 else reversed(ways):
            with way.place() as url:
                took = _seconds(way, url)
            if turn:
                found[way.name].append(took)
    return found


def _seconds(way: Way, url: str) -> float:
    env = environment({**way.environment, "DATABASE_URL": url})
    command = [url if part == URL else part for part in way.command]
    start = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    took = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"{way.name} failed ({done.returncode}):\n{done.stdout}{done.stderr}")
    return took


def report(facts: Machine, found: Mapping[str, Sequence[float]], base: str, *, as_json: bool) -> None:
    """Print the medians and their ratio to ``base``, or everything as JSON."""
    if as_json:
        print(json.dumps({"machine": asdict(facts), "seconds": found}, indent=2))
        return
    medians = {name: statistics.median(values) for name, values in found.items()}
    rows = [
        [
            name,
            *(number(value, 3) for value in (medians[name], min(values), max(values))),
            ratio(medians[base], medians[name]),
        ]
        for name, values in found.items()
    ]
    print(f"\n{facts}; {len(found[base])} rounds\n")
    print(table(("command", "median, s", "least, s", "most, s", f"{base} ÷ this"), rows))


def options(program: str, description: str | None, arguments: Sequence[str]) -> argparse.Namespace:
    """Read the options of these benchmarks."""
    read = parser(program, description)
    read.add_argument("--rounds", type=int, default=9, help="measured runs of each command")
    return read.parse_args(arguments)


def migrate(settings: str) -> tuple[Sequence[str], Mapping[str, str]]:
    """Return the command and environment of ``manage.py migrate`` under a settings module."""
    return (sys.executable, "manage.py", "migrate", "--no-input"), {"DJANGO_SETTINGS_MODULE": settings}

"""``python -m benchmarks.adopting``: a project of many tables and migrations, brought in and looked at."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from benchmarks import machine
from benchmarks.compare import Place, Way, report, seconds_of
from benchmarks.grown import Grown
from benchmarks.options import parser
from benchmarks.server import ROOT, Server, environment, running

PLAIN = "plain Django's migrate"
COMMANDS = {
    "migrations adopt": ("migrations", "adopt", "--no-input"),
    "migrations drift": ("migrations", "drift"),
    "migrations status": ("migrations", "status"),
}
FORGET = "DROP TABLE django_migrations"


def main(arguments: Sequence[str]) -> int:
    """Measure and print the figures."""
    read = parser("adopting", __doc__)
    read.add_argument("--rounds", type=int, default=1, help="measured runs of each command")
    read.add_argument("--apps", type=int, default=10, help="apps, of 50 tables and 30 migrations each")
    given = read.parse_args(arguments)
    with running(given.postgresql, given.folder) as server, tempfile.TemporaryDirectory() as folder:
        facts = machine.describe(server, "django")
        Grown(apps=given.apps).write(Path(folder))
        found = measured(server, given.rounds, folder)
    report(facts, found, PLAIN, as_json=given.json)
    return 0


def measured(server: Server, rounds: int, folder: str) -> dict[str, list[float]]:
    """Return the seconds of each command; adopted is a database of which nothing is recorded."""
    live, plain = ({"DJANGO_SETTINGS_MODULE": name, "PYTHONPATH": folder} for name in ("grown", "grown_plain"))
    make = (sys.executable, "-m", "django", "migrate", "--no-input", "-v0")
    with server.database("bench_grown") as url, server.database("bench_foreign") as foreign:
        for one in (url, foreign):
            env = environment({**plain, "DATABASE_URL": one})
            subprocess.run(make, cwd=ROOT, env=env, check=True)
        server.psql(foreign, "-c", FORGET)
        places: dict[str, Place] = {"migrations adopt": lambda: server.database("bench_adopted", "bench_foreign")}
        ways = [Way(PLAIN, make, lambda: server.database("bench_empty"), plain)]
        for name, words in COMMANDS.items():
            place = places.get(name, lambda: nullcontext(url))
            ways.append(Way(name, (sys.executable, "-m", "django", *words), place, live))
        return seconds_of(ways, rounds)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

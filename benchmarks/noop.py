"""``python -m benchmarks.noop``: what ``migrate`` costs when there is nothing to do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from contextlib import nullcontext

from benchmarks import machine
from benchmarks.compare import Way, migrate, options, report, seconds_of
from benchmarks.server import ROOT, Server, environment, running

LIVE = "live migrate"


def main(arguments: Sequence[str]) -> int:
    """Measure and print the figures."""
    given = options("noop", __doc__, arguments)
    with running(given.postgresql, given.folder) as server:
        facts = machine.describe(server, "django")
        found = measured(server, given.rounds)
    report(facts, found, LIVE, as_json=given.json)
    return 0


def measured(server: Server, rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each command in each round, on a database at the newest sprint."""
    live, live_environment = migrate("config.settings")
    plain, plain_environment = migrate("benchmarks.plain_settings")
    with server.database("bench_noop") as url:
        env = environment({**live_environment, "DATABASE_URL": url})
        subprocess.run(live, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)
        ways = [
            Way(LIVE, live, lambda: nullcontext(url), live_environment),
            Way("plain Django's migrate", plain, lambda: nullcontext(url), plain_environment),
        ]
        return seconds_of(ways, rounds)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

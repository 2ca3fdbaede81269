"""``python -m benchmarks.empty``: from an empty database to the newest sprint."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from benchmarks import machine
from benchmarks.compare import URL, Way, migrate, options, report, seconds_of
from benchmarks.server import ROOT, Server, environment, running

LIVE = "live migrate"
START = "import django; django.setup()"


def main(arguments: Sequence[str]) -> int:
    """Measure and print the figures."""
    given = options("empty", __doc__, arguments)
    with running(given.postgresql, given.folder) as server:
        facts = machine.describe(server, "django")
        found = measured(server, given.rounds)
    report(facts, found, LIVE, as_json=given.json)
    return 0


def measured(server: Server, rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each command in each round."""

    def empty() -> AbstractContextManager[str]:
        return server.database("bench_empty")

    with _schema(server) as script:
        psql = (str(server.programs / "psql"), "-Xq", "-v", "ON_ERROR_STOP=1", "-d", URL, "-f", str(script))
        live, live_environment = migrate("config.settings")
        plain, plain_environment = migrate("benchmarks.plain_settings")
        ways = [
            Way(LIVE, live, empty, live_environment),
            Way("plain Django's migrate", plain, empty, plain_environment),
            Way("psql with the schema", psql, empty),
            Way("psql, one transaction", (*psql, "-1"), empty),
            Way("starting Django, alone", (sys.executable, "-c", START), empty, live_environment),
        ]
        return seconds_of(ways, rounds)


@contextmanager
def _schema(server: Server) -> Iterator[Path]:
    """Migrate a database and yield a file with its schema."""
    command, extra = migrate("config.settings")
    with tempfile.TemporaryDirectory() as folder, server.database("bench_schema") as url:
        subprocess.run(
            command, cwd=ROOT, env=environment({**extra, "DATABASE_URL": url}), check=True, stdout=subprocess.DEVNULL
        )
        script = Path(folder) / "schema.sql"
        dump = [str(server.programs / "pg_dump"), "--schema-only", "--no-owner", "-f", str(script), url]
        subprocess.run(dump, env=environment({}), check=True)
        yield script


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Live traffic at a fixed rate, and how long each of its transactions took.

pgbench keeps a schedule: a transaction that had to wait for a free connection is charged with the wait, so a stall
counts for everybody whom it delays and not just for those who stood in the lock's queue.
"""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from benchmarks.legacy import customers
from benchmarks.server import Server, environment

SQL = Path(__file__).parent / "sql"
SCRIPTS = (("read.sql", 7), ("write.sql", 3))
CONNECTIONS = 16
LONGEST_RUN_S = 3600


@dataclass(frozen=True)
class Sample:
    """One transaction: when it was done, in seconds since the epoch, and how long it took from its due time."""

    end: float
    latency_ms: float

    @property
    def start(self) -> float:
        """When it was due."""
        return self.end - self.latency_ms / 1000


@dataclass
class Traffic:
    """What came of the traffic; empty until it has ended."""

    samples: list[Sample]
    errors: list[str]

    def between(self, start: float, end: float) -> list[float]:
        """Return the latencies in ms, sorted, of transactions due or done in this span of time."""
        return sorted(s.latency_ms for s in self.samples if s.end >= start and s.start <= end)


@contextlib.contextmanager
def flowing(server: Server, url: str, bookings: int, rate: int) -> Iterator[Traffic]:
    """Keep ``rate`` transactions a second going inside of the block; seven of ten read, three write."""
    traffic = Traffic([], [])
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "said"
        with said.open("w") as errors:
            process = _pgbench(server, url, bookings, rate, Path(folder), errors)
            try:
                yield traffic
                traffic.errors += [] if process.poll() is None else ["pgbench ended before the migration did"]
            finally:
                process.terminate()
                process.wait()
        traffic.errors += [line for line in said.read_text().splitlines() if "error" in line or "abort" in line]
        for log in Path(folder).glob("log.*"):
            traffic.samples += parse(log.read_text().splitlines())


def parse(lines: Iterable[str]) -> Iterator[Sample]:
    """Read pgbench's log: client, number, latency in µs, script, seconds and µs of the end, lag.

    The last line may be cut off, and a transaction that was rolled back has a word for a latency.
    """
    for line in lines:
        fields = line.split()
        if len(fields) == 7 and fields[2].isdigit():
            yield Sample(int(fields[4]) + int(fields[5]) / 1e6, int(fields[2]) / 1000)


def _pgbench(
    server: Server, url: str, bookings: int, rate: int, folder: Path, errors: IO[str]
) -> subprocess.Popen[bytes]:
    scripts = [part for name, weight in SCRIPTS for part in ("-f", f"{SQL / name}@{weight}")]
    sizes = ["-D", f"bookings={bookings}", "-D", f"customers={customers(bookings)}"]
    fixed = ["-n", "-j", "1", "-M", "prepared", "-c", str(CONNECTIONS), "-T", str(LONGEST_RUN_S)]
    logged = ["-l", "--log-prefix", str(folder / "log"), "-R", str(rate)]
    return subprocess.Popen(
        [server.programs / "pgbench", *fixed, *logged, *sizes, *scripts, url],
        stdout=subprocess.DEVNULL,
        stderr=errors,
        env=environment({}),
    )

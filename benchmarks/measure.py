"""One run: traffic, perhaps readers, and a tool that migrates the database under them."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from typing import Any

from benchmarks.contenders import Contender
from benchmarks.legacy import lacking
from benchmarks.readers import Scenario, reading
from benchmarks.server import ROOT, Server, environment
from benchmarks.traffic import Traffic, flowing

LOG_BUFFER_LINES = 250
END_PATIENCE_S = 10


@dataclass(frozen=True)
class Pace:
    """The traffic of a run and its times in seconds; ``limit`` is when a tool is ended that has not finished."""

    bookings: int
    rate: int = 200
    warm_up: float = 5
    quiet: float = 20
    limit: float = 600

    @property
    def tail(self) -> float:
        """How long the traffic goes on afterwards: until pgbench, which writes in blocks, has logged the run."""
        return max(1, LOG_BUFFER_LINES / self.rate)


@dataclass(frozen=True)
class Outcome:
    """What was measured; times in ms unless they say otherwise. ``exit_code`` is None for a tool that was ended."""

    scenario: str
    contender: str
    exit_code: int | None
    lacking: list[str]
    seconds: float
    transactions: int
    longest_stall: float
    p99: float
    p50: float
    quiet_longest: float
    quiet_p99: float
    traffic_errors: list[str]
    said: str

    @property
    def verdict(self) -> str:
        """How it ended, in a word or two."""
        if self.exit_code is None:
            return "not done in time"
        if self.exit_code:
            return f"failed ({self.exit_code})"
        return f"incomplete ({len(self.lacking)})" if self.lacking else "done"


def measure(server: Server, template: str, contender: Contender, scenario: Scenario, pace: Pace) -> Outcome:
    """Copy the template, let the contender migrate the copy under traffic, and return what happened.

    Raises RuntimeError when pgbench logged nothing of some part of the run.
    """
    database = f"bench_{contender.name}"
    with server.database(database, template) as url:
        with flowing(server, url, pace.bookings, pace.rate) as traffic:
            time.sleep(pace.warm_up)
            calm = time.time()
            time.sleep(pace.quiet)
            with reading(server, database, scenario):
                start = time.time()
                code, said = _run(contender, url, pace.limit)
                end = time.time()
                time.sleep(pace.tail)
        figures = _figures(traffic, calm, start, end)
        return Outcome(
            scenario=scenario.name,
            contender=contender.name,
            exit_code=code,
            lacking=lacking(server, database),
            seconds=round(end - start, 2),
            traffic_errors=traffic.errors,
            said="" if code == 0 else said[-2000:],
            **figures,
        )


def _run(contender: Contender, url: str, limit: float) -> tuple[int | None, str]:
    """Run a contender; return its exit code, None if it had to be ended, and what it said."""
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            contender.command,
            cwd=ROOT,
            env=environment({**contender.environment, "DATABASE_URL": url}),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        code: int | None
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(process)
        output.seek(0)
        return code, output.read()


def _end(process: subprocess.Popen[bytes]) -> None:
    for sent in (signal.SIGINT, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, sent)
            try:
                process.wait(END_PATIENCE_S)
            except subprocess.TimeoutExpired:
                continue


def _figures(traffic: Traffic, calm: float, start: float, end: float) -> dict[str, Any]:
    before = [s.latency_ms for s in traffic.samples if s.start >= calm and s.end < start]
    during = traffic.between(start, end)
    after = [s for s in traffic.samples if s.end > end]
    if not (before and during and after):
        errors = "; ".join(traffic.errors) or "it said nothing"
        raise RuntimeError(f"pgbench has not logged the whole run, so nothing is known of it: {errors}")
    before.sort()
    return {
        "transactions": len(during),
        "longest_stall": during[-1],
        "p99": quantile(during, 0.99),
        "p50": quantile(during, 0.5),
        "quiet_longest": before[-1],
        "quiet_p99": quantile(before, 0.99),
    }


def quantile(values: list[float], part: float) -> float:
    """Return the value below which ``part`` of the sorted values lie."""
    return values[min(len(values) - 1, int(len(values) * part))]

"""Where figures come from: without this they mean nothing to anybody else."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from importlib.metadata import version

from benchmarks.server import Server


@dataclass(frozen=True)
class Machine:
    """What a figure depends on; ``load`` is the load average before the start, which should be near 0."""

    date: str
    cores: int
    load: float
    postgresql: str
    python: str
    packages: dict[str, str]

    def __str__(self) -> str:
        packages = ", ".join(f"{name} {number}" for name, number in self.packages.items())
        return (
            f"{self.date}, {self.cores} cores, load {self.load:.1f} before the start, "
            f"PostgreSQL {self.postgresql}, Python {self.python}, {packages}"
        )


def describe(server: Server, *packages: str) -> Machine:
    """Return what this machine, this server and these installed packages are."""
    return Machine(
        time.strftime("%Y-%m-%d"),
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 0,
        round(os.getloadavg()[0], 1),
        server.version(),
        platform.python_version(),
        {name: version(name) for name in packages},
    )

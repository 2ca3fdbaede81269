"""What the parts of one run share: the connection and its books, the lease, the probe, the reporter."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.engine.journal import Journal
from livemigrations.engine.lease import Lease
from livemigrations.engine.probe import Probe
from livemigrations.engine.reporter import Reporter
from livemigrations.engine.surroundings import Surroundings
from livemigrations.results import StepReport


@dataclass
class Session:
    """One run on one database."""

    connection: BaseDatabaseWrapper
    reporter: Reporter
    command: str = "migrate"
    lease: Lease = field(init=False)
    journal: Journal = field(init=False)
    probe: Probe = field(init=False)
    around: Surroundings = field(init=False)
    steps: list[StepReport] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lease = Lease(self.connection)
        self.journal = Journal(self.connection)
        self.probe = Probe(self.connection)
        self.around = Surroundings(self.connection)

    def close(self) -> None:
        """End the threads and give the lease back."""
        self.probe.close()
        self.lease.release()

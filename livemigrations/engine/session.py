"""What the parts of one run share: the connection and its books, the lease, the probe, the reporter."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations import signals
from livemigrations.engine.journal import Journal
from livemigrations.engine.lease import Lease
from livemigrations.engine.probe import Probe
from livemigrations.engine.replication import Replication
from livemigrations.engine.reporter import Reporter
from livemigrations.engine.steps import Step
from livemigrations.engine.surroundings import Surroundings
from livemigrations.results import StepReport


@dataclass
class Session:
    """One run on one database. ``backend`` is the server process that it began with."""

    connection: BaseDatabaseWrapper
    reporter: Reporter
    command: str = "migrate"
    lease: Lease = field(init=False)
    journal: Journal = field(init=False)
    probe: Probe = field(init=False)
    around: Surroundings = field(init=False)
    replication: Replication = field(init=False)
    steps: list[StepReport] = field(default_factory=list)
    backend: int = 0

    def __post_init__(self) -> None:
        self.lease = Lease(self.connection)
        self.journal = Journal(self.connection)
        self.probe = Probe(self.connection)
        self.around = Surroundings(self.connection)
        self.replication = Replication(self.connection)

    def step_started(self, migration: str, operation: int, step: Step) -> None:
        """A step is about to run: tell the receivers of the signal."""
        signals.step_started.send(sender=Session, using=self.connection.alias, migration=migration, step=step)

    def step_finished(self, step: Step, report: StepReport) -> None:
        """A step was journalled: keep its report and tell the receivers of the signal."""
        self.steps.append(report)
        signals.step_finished.send(
            sender=Session, using=self.connection.alias, migration=report.migration, step=step, report=report
        )

    def close(self) -> None:
        """End the threads and give the lease back."""
        self.probe.close()
        self.lease.release()

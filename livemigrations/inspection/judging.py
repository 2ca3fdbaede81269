"""The judgement before adoption runs anything: whether each operation that fills a gap would be refused or stopped by rows."""

from __future__ import annotations

from collections.abc import Callable, Collection

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration as DjangoMigration

from livemigrations.engine.dry import DryPassage, dry_session, walk
from livemigrations.engine.executor import LiveExecutor
from livemigrations.engine.passage import Place
from livemigrations.engine.runner import ask
from livemigrations.engine.selection import Selection
from livemigrations.engine.session import Session
from livemigrations.engine.steps import Step
from livemigrations.errors import LiveMigrationError
from livemigrations.inspection.cut import Action, Cut
from livemigrations.inspection.proof import Migration, MigrationProof

_RUNS = (Action.COMPLETE, Action.MAKE)


def judge(
    connection: BaseDatabaseWrapper,
    proofs: dict[Migration, MigrationProof],
    cut: Cut,
    *,
    tell: Callable[[str], None] = lambda text: None,
) -> dict[Migration, str]:
    """Plan every operation that adoption would run, and ask its questions about rows; return why one would stop.

    All of it happens in one transaction that is rolled back. Only the first migration that would stop is named: what
    comes after it builds on it.
    """
    if not any(cut.actions[key] in _RUNS for key in cut.chosen):
        return {}
    tell("planning what is missing")
    refused: dict[Migration, str] = {}
    with transaction.atomic(using=connection.alias):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = 0")
        session = dry_session(connection)
        executor = LiveExecutor(session, Selection(), dry=True)
        nodes = executor.loader.graph.nodes

        def make(migration: DjangoMigration) -> _Judged:
            key = (migration.app_label, migration.name)
            done = {o.rehearsed.index for o in proofs[key].operations if o.done} if key in proofs else set()
            return _Judged(session, migration, done, refused)

        walk(executor, [(nodes[key], False) for key in cut.chosen], make)
        transaction.set_rollback(True, using=connection.alias)
    return refused


class _Judged(DryPassage):
    """A passage that plans the operations which are not done, and runs nothing."""

    def __init__(
        self, session: Session, migration: DjangoMigration, done: Collection[int], refused: dict[Migration, str]
    ) -> None:
        super().__init__(session, migration, lambda forward: None)
        self.done, self.refused = done, refused

    def _forward(self, place: Place, *, applied: bool) -> None:
        if place.identity.index in self.done or self.refused:
            return
        try:
            super()._forward(place, applied=applied)
        except LiveMigrationError as error:
            where = f"operation {place.identity.index + 1} ({place.operation.describe()}) would stop:"
            self.refused[self.migration.app_label, self.migration.name] = f"{where} {error}"

    def _queued(self, steps: list[Step]) -> None:
        for step in steps:
            self.session.replication.refuse(step)
            for check in step.checks:
                ask(self.session, check, lenient=True)

    def _stopped(self, error: LiveMigrationError) -> None:
        self.refused.setdefault((self.migration.app_label, self.migration.name), f"its operations would stop: {error}")

"""``migrate --backup``: a backup of the database before the first step, if there is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db.migrations import Migration
from django.db.migrations.state import ProjectState

from livemigrations.backups.creation import create
from livemigrations.backups.telling import Telling, told
from livemigrations.engine.executor import LiveExecutor

MakeTelling = Callable[[], Telling]


class BackingExecutor(LiveExecutor):
    """Backs the database up under the lease, before the run begins; a backup that fails ends the run."""

    def __init__(self, *args: Any, make_telling: MakeTelling, **options: Any) -> None:
        super().__init__(*args, **options)
        self.make_telling = make_telling
        self.backup: str | None = None

    def migrate(
        self,
        targets: Any,
        plan: Sequence[tuple[Migration, bool]] | None = None,
        state: ProjectState | None = None,
        fake: bool = False,
        fake_initial: bool = False,
    ) -> ProjectState:
        """Back up if something is pending, then run the plan, or record it with ``fake``. The run's row names the backup."""
        plan = self.migration_plan(targets) if plan is None else plan
        if plan and not self.connection.in_atomic_block:
            self._back_up()
        return super().migrate(targets, plan, state, fake, fake_initial)

    def _back_up(self) -> None:
        reporter = self.session.reporter
        try:
            with told(self.make_telling()) as telling:
                made = create(self.connection, telling=telling)
        except BaseException as error:
            why = "was interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            reporter.note(f"The backup before the run {why}. No migration was run.")
            raise
        self.backup = made.name
        self.session.command += f" (backup: {made.name})"
        reporter.note(f"Backed up as {made.name}: `manage.py backup restore {made.name}` puts it back.")

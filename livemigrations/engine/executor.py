"""Django's migration executor with this engine under it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db import ProgrammingError
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState

from livemigrations.bookkeeping import ensure_bookkeeping, has_bookkeeping
from livemigrations.catalog.relations import fetch
from livemigrations.engine.lease import current_holder, this_process
from livemigrations.engine.selection import Begun, Key, Plan, Selection, moves_no_sprint, select, stands_at
from livemigrations.engine.session import Session
from livemigrations.errors import RunInProgress

if TYPE_CHECKING:  # a run with nothing to do needs neither of them
    from livemigrations.engine.bulk import Bulk
    from livemigrations.engine.passage import Passage


class LiveExecutor(MigrationExecutor):
    """Plans like Django, under the lease; applies each migration operation by operation.

    ``dry`` is for looking only: no lease, nothing written.
    """

    def __init__(
        self, session: Session, selection: Selection, *, wait: bool = False, dry: bool = False, fake: bool = False
    ) -> None:
        self._load(session, writes=not dry)
        self.session, self.selection, self.wait, self.dry, self.fake = session, selection, wait, dry, fake
        self._leased = False
        self._bulk: Bulk | None = None
        self.begun: list[Begun] = []
        self.applied: list[str] = []
        self.unapplied: list[str] = []
        self.waiting: list[str] = []

    def _load(self, session: Session, *, writes: bool) -> None:
        try:
            super().__init__(session.connection, None)
        except ProgrammingError:
            from livemigrations.engine.rights import refuse_unreadable_books

            refuse_unreadable_books(session.connection, writes=writes)
            raise

    # --- the plan ----------------------------------------------------------------------------------------------

    def migration_plan(self, targets: Any, clean_start: bool = False) -> Plan:
        """Django's plan, or that of the selection; migrations that are half done are part of it.

        A plan that is not empty is made again under the lease, since another run may have done it meanwhile.
        """
        if clean_start:
            return super().migration_plan(targets, clean_start=True)
        known = dict(self.loader.applied_migrations)
        plan = self._plan(targets)
        if self.dry or self._leased or self.connection.in_atomic_block:
            return plan
        if not plan and not self._somebody_else() and not self._cut_off():
            return plan
        if not self.fake:
            from livemigrations.engine.rights import refuse_missing_rights

            keeper = self.session.around.keeper
            keeps = not keeper.discard and keeper.confirm is None
            refuse_missing_rights(self.connection, self.loader, plan, keeps=keeps)
        self._take_lease()
        self.session.journal.tidy()
        if set(self.recorder.applied_migrations()) == set(known):
            self.loader.applied_migrations = known
        else:
            self.loader.build_graph()
        return self._plan(targets)

    def _plan(self, targets: Any) -> Plan:
        half = self.session.journal.half_done() if has_bookkeeping(self.connection) else {}
        known = dict(self.loader.applied_migrations)
        graph = self.loader.graph.nodes
        started = {key: graph[key] for key in half if key in graph}
        self.loader.applied_migrations = {**known, **started}
        back = self._select(targets)
        if any(backwards for _, backwards in back):
            return self._staged(back)
        self.loader.applied_migrations = {key: value for key, value in known.items() if key not in half}
        return self._staged(self._select(targets))

    def _staged(self, plan: Plan) -> Plan:
        """What the stage that was asked for takes of a plan."""
        if self.selection.stage is None:
            return plan
        from livemigrations.engine.stages import staged
        from livemigrations.translation import Stage

        found = staged(self.loader, Stage(self.selection.stage), plan, self.loader.applied_migrations)
        self.waiting = found.waiting
        return found.plan[: self.selection.forward]

    def _select(self, targets: Any) -> Plan:
        if not self.selection.chosen:
            return super().migration_plan(targets)
        applied: dict[Key, object] = dict(self.loader.applied_migrations)
        plan = select(self.loader, self.selection, applied, self._recorded())
        if self.selection.sprint is not None and moves_no_sprint(plan) and self._is_at_rest():
            self.waiting = [stands_at(self.selection.sprint, plan)]
            return []
        return plan

    def _is_at_rest(self) -> bool:
        """Whether the last run ended well: what it did not take was not for it to take."""
        return has_bookkeeping(self.connection) and self.session.journal.is_at_rest()

    def _recorded(self) -> list[Key]:
        """The rows of ``django_migrations``, newest first."""
        if not self.recorder.has_table():
            return []
        return list(self.recorder.migration_qs.order_by("-id").values_list("app", "name"))

    # --- the lease ---------------------------------------------------------------------------------------------

    def _somebody_else(self) -> bool:
        """Whether another run holds the lease: it may still be busy with what comes after its migrations."""
        holder = current_holder(self.connection)
        if holder and not self.wait:
            raise RunInProgress(
                f"Another migrate is running on this database: {holder}. Nothing was done."
                " Remedy: wait for it, or run migrate --wait."
            )
        return bool(holder)

    def _cut_off(self) -> bool:
        """Whether the last run died after its last migration, so that what Django does after it may be missing."""
        return has_bookkeeping(self.connection) and self.session.journal.is_cut_off()

    def _take_lease(self) -> None:
        from livemigrations.engine.bulk import Bulk

        ensure_bookkeeping(self.connection)
        reporter = self.session.reporter
        self.session.lease.acquire(
            wait=self.wait,
            tell=lambda holder: reporter.note(f"  waiting for another migrate to end: {holder}"),
        )
        self._leased = True
        self.session.backend = fetch(self.connection, "SELECT pg_backend_pid()")[0][0]
        self._bulk = Bulk.if_empty(self.session)

    def project_state(self) -> ProjectState:
        """The state after all migrations that count as applied."""
        state: ProjectState = super()._create_project_state(with_applied_migrations=True)  # type: ignore[misc]
        return state

    # --- running -----------------------------------------------------------------------------------------------

    def migrate(
        self,
        targets: Any,
        plan: Sequence[tuple[Migration, bool]] | None = None,
        state: ProjectState | None = None,
        fake: bool = False,
        fake_initial: bool = False,
    ) -> ProjectState:
        """Run the plan. One that goes back and forth is run in that order."""
        plan = self.migration_plan(targets) if plan is None else plan
        if not plan or self.connection.in_atomic_block:
            return super().migrate(targets, plan, state, fake, fake_initial)
        if self.selection.stage == "contract" and not fake:
            from livemigrations.engine.unfinished import refuse_unfinished

            refuse_unfinished(self.connection, self.loader, list(plan))
        self.session.journal.begin_run(self.session.command, this_process())
        self.session.reporter.run(len(plan))
        back, forward = [p for p in plan if p[1]], [p for p in plan if not p[1]]
        if back and forward:
            super().migrate(targets, back, None, fake, fake_initial)
            self.loader.build_graph()
            state = self.project_state()
        try:
            state = super().migrate(targets, forward or back, state, fake, fake_initial)
        except BaseException as error:
            if self._bulk is not None:
                self._bulk.roll_back(error)
                gone = set(self._bulk.uncommitted)
                self.applied = [name for name in self.applied if name not in gone]
                self.begun = [one for one in self.begun if str(one.migration) not in gone]
            raise
        if self._bulk is not None:
            self._bulk.commit()
        return state

    def run_plan(self, plan: Plan, *, fake: bool = False) -> None:
        """Run a plan of one direction as it is, under the lease: also what is half done."""
        self._take_lease()
        self.session.journal.tidy()
        known: dict[Key, Any] = dict(self.recorder.applied_migrations())
        for migration, backwards in plan:
            known.pop((migration.app_label, migration.name), None)
            if backwards:
                known[migration.app_label, migration.name] = migration
        self.loader.applied_migrations = known
        self.migrate([], plan, fake=fake)

    def apply_migration(
        self, state: ProjectState, migration: Migration, fake: bool = False, fake_initial: bool = False
    ) -> ProjectState:
        """Run a migration forwards, from where the journal says that it stands."""
        if self.connection.in_atomic_block and self._bulk is None:
            return super().apply_migration(state, migration, fake, fake_initial)
        if not fake and fake_initial:
            fake, state = self.detect_soft_applied(state, migration)
        self.session.reporter.migration(str(migration), backwards=False, fake=fake)
        self.begun.append(Begun(migration, backwards=False, fake=fake))
        if fake:
            self._passage(migration).fake(forward=True)
        elif self._bulk is not None and self._bulk.takes(migration):
            state = self._bulk.apply(migration, state)
        else:
            state = self._passage(migration).forwards(state, applied=self._is_recorded(migration))
        self.applied.append(str(migration))
        self.session.reporter.migrated()
        return state

    def unapply_migration(self, state: ProjectState, migration: Migration, fake: bool = False) -> ProjectState:
        """Run a migration backwards, from where the journal says that it stands."""
        if self.connection.in_atomic_block:
            return super().unapply_migration(state, migration, fake)
        self.session.reporter.migration(str(migration), backwards=True, fake=fake)
        self.begun.append(Begun(migration, backwards=True, fake=fake))
        if fake:
            self._passage(migration).fake(forward=False)
        else:
            self._passage(migration).back(state, applied=self._is_recorded(migration))
        self.unapplied.append(str(migration))
        self.session.reporter.migrated()
        return state

    def _passage(self, migration: Migration) -> Passage:
        from livemigrations.engine.passage import Passage

        return Passage(self.session, migration, lambda forward: self._record(migration, forward=forward))

    def _record(self, migration: Migration, *, forward: bool) -> None:
        if not (forward and self._is_recorded(migration)):
            self.record_migration(migration.app_label, migration.name, forward=forward)

    def _is_recorded(self, migration: Migration) -> bool:
        return (migration.app_label, migration.name) in self.recorder.applied_migrations()

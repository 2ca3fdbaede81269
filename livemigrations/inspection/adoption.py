"""Adopting a database that another tool made: examined first, then recorded, with the gaps made by the engine."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from django.db import migrations
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader

from livemigrations.bookkeeping import ensure_bookkeeping, has_bookkeeping
from livemigrations.catalog.objects import Objects, Thing, read_objects, respelled
from livemigrations.engine import journal as books
from livemigrations.engine.digests import digest_of, source_of
from livemigrations.engine.dry import dry_session, targets
from livemigrations.engine.executor import LiveExecutor
from livemigrations.engine.lease import this_process
from livemigrations.engine.planner import parts
from livemigrations.engine.reporter import Reporter
from livemigrations.engine.runner import run_step
from livemigrations.engine.selection import Selection, full_order, refuse_broken_history, sprint_of
from livemigrations.engine.session import Session
from livemigrations.engine.steps import Lane, Step
from livemigrations.engine.translate import steps_for
from livemigrations.errors import LiveMigrationError
from livemigrations.inspection.cut import Action, Cut, choose
from livemigrations.inspection.evidence import Evidence
from livemigrations.inspection.judging import judge
from livemigrations.inspection.proof import Migration, MigrationProof, is_like_index, prove
from livemigrations.inspection.rehearsal import History, Rehearsed, names_in_use, rehearse
from livemigrations.statements.parse import parse

COMMAND = "migrations adopt"


@dataclass(slots=True)
class Examination:
    """What was found: the proofs in the order of the history, and where the database stands.

    ``refused`` says why an operation that would be run to fill a gap would be refused or stopped by rows.
    """

    proofs: dict[Migration, MigrationProof]
    cut: Cut
    actual: Objects
    schemas: list[str] = field(default_factory=list)
    refused: dict[Migration, str] = field(default_factory=dict)

    @property
    def conflict(self) -> bool:
        """Whether something is there that differs: then nothing at all is written."""
        return any(proof.conflicts for proof in self.proofs.values())

    @property
    def unproven(self) -> list[Migration]:
        """The migrations that someone has to accept: then nothing at all is written either."""
        return [key for key in self.stopped if self.proofs[key].unproven]

    @property
    def blocked(self) -> bool:
        """Whether adoption writes nothing: something differs, cannot be proven, or could not be made."""
        return self.conflict or bool(self.unproven or self.refused)

    @property
    def stopped(self) -> list[Migration]:
        return [key for key, action in self.cut.actions.items() if action == Action.STOP]

    @property
    def exit_code(self) -> int:
        return 1 if self.conflict or self.stopped else 0


def examine(
    connection: BaseDatabaseWrapper,
    app_label: str | None = None,
    migration_name: str | None = None,
    *,
    accept: Collection[str] = (),
    fill: bool = True,
    rename: bool = False,
    like_indexes: bool = True,
    tell: Callable[[str], None] = lambda text: None,
) -> Examination:
    """Prove the migrations that are not applied, or those of an app up to a name; nothing is written.

    ``accept`` names what is believed without proof: ``app.migration``, or ``app.migration:3`` for one operation; the
    beginning of a migration's name is enough. Without ``fill`` a gap ends it; ``rename`` as for ``adopt``. Without
    ``like_indexes`` the indexes that Django adds to text columns for LIKE may be missing.
    The database may be further than ``migration_name``: later versions of what a migration makes are proof as well.
    Raises ``LiveMigrationError`` for a name that fits nothing.
    """
    executor = LiveExecutor(dry_session(connection), Selection(), dry=True)
    loader = executor.loader
    refuse_broken_history(loader, connection)
    goals = targets(executor, app_label, migration_name)
    if any(name is None for _, name in goals):
        raise LiveMigrationError("There is nothing to adopt up to zero. Remedy: name a migration, or only the app.")
    scope = {key for goal in goals for key in loader.graph.forwards_plan(goal)}
    order = [key for key in full_order(loader) if key in scope]
    nodes = loader.graph.nodes
    accepted = {_in_full(given, loader, order) for given in sorted(accept)}
    whole = full_order(loader) if migration_name else order  # a database may be further than the name
    history = rehearse(connection, [nodes[key] for key in whole], purpose="adopt", each=True, tell=tell)
    pending = {key: sprint_of(nodes[key]) for key in order if key not in loader.applied_migrations}
    actual = read_objects(connection, history.schemas)
    evidence = Evidence(history, respelled(connection, _things(history), actual))
    proofs = prove(
        connection,
        history,
        evidence,
        pending,
        accepted=lambda rehearsed: bool({_name(rehearsed), _numbered(rehearsed)} & accepted),
        explicit=names_in_use(history),
        begun=_begun(connection, pending),
        rename=rename,
        dispensable=lambda thing: not like_indexes and is_like_index(thing),
    )
    cut = choose(proofs, lambda key: loader.graph.forwards_plan(key)[:-1], history, evidence, fill=fill)
    found = Examination(proofs, cut, actual, history.schemas)
    if not found.blocked:
        found.refused = judge(connection, proofs, cut, tell=tell)
        for key, reason in found.refused.items():
            cut.actions[key], cut.stopped[key] = Action.STOP, reason
    return found


def adopt(
    connection: BaseDatabaseWrapper, examination: Examination, reporter: Reporter, *, rename: bool = False
) -> list[str]:
    """Record what is proven and make the gaps before it, under the lease. Returns the migrations that are applied now.

    What somebody else recorded since it was examined is left alone.
    ``rename`` gives indexes and constraints the names that the migrations use, where they have others.
    Raises ``LiveMigrationError`` if the schema changed since it was examined. What was done before a failure is kept.
    """
    if examination.blocked or not examination.cut.chosen:
        return []
    ensure_bookkeeping(connection)
    session = Session(connection, reporter, COMMAND)
    try:
        session.lease.acquire(wait=False, tell=lambda holder: None)
        if read_objects(connection, examination.schemas) != examination.actual:
            raise LiveMigrationError(
                "The schema changed while it was examined. Nothing was written. Remedy: try again."
            )
        session.journal.tidy()
        session.journal.begin_run(COMMAND, this_process())
        return _carry_out(session, examination, rename=rename)
    except BaseException as error:
        if connection.connection is not None and connection.is_usable():
            session.journal.end_run("failed", f"{type(error).__name__}: {error}")
        raise
    finally:
        reporter.end()
        session.close()


def _carry_out(session: Session, examination: Examination, *, rename: bool) -> list[str]:
    executor = LiveExecutor(session, Selection())
    executor.recorder.ensure_schema()
    state = executor.project_state()
    chosen = [key for key in examination.cut.chosen if key not in executor.loader.applied_migrations]
    session.reporter.run(len(chosen))
    for key in chosen:
        migration, proof = executor.loader.graph.nodes[key], examination.proofs[key]
        renames = rename and any(operation.renamed for operation in proof.operations)
        if examination.cut.actions[key] == Action.RECORD and not renames:
            executor.apply_migration(state, migration, fake=True)
            state = migration.mutate_state(state, preserve=False)
        else:
            _note_what_is_there(session, migration, proof, rename=rename)
            state = executor.apply_migration(state, migration)
    session.journal.end_run("finished")
    return executor.applied


def _note_what_is_there(
    session: Session, migration: migrations.Migration, proof: MigrationProof, *, rename: bool
) -> None:
    """Tell the journal which operations are done, so that the engine runs the others and no more."""
    journal = session.journal
    open_rows = journal.open_rows(*proof.key)
    for operation in proof.operations:
        rehearsed = operation.rehearsed
        if not operation.done or rehearsed.index in open_rows:
            continue
        digest = digest_of(rehearsed.operation, migration)
        identity = books.Operation(*proof.key, rehearsed.index, digest, source_of(rehearsed.operation))
        first = Step(f"proven: {rehearsed.operation.describe()}", Lane.INSTANT, adopted=operation.adopts)
        renames = parse(";\n".join(operation.renamed.values())) if rename else ()
        rows = journal.plan(identity, books.FORWARD, [first, *steps_for(session.around, renames)], session.lease.hold)
        with session.connection.cursor() as cursor:
            cursor.execute(journal.done_sql(rows[0]))
        for row in rows[1:]:
            run_step(session, identity, row)


def _things(history: History) -> Iterator[Thing]:
    for operation in history.operations:
        yield from (thing for change in operation.changes for thing in (change.before, change.after) if thing)


def _begun(connection: BaseDatabaseWrapper, pending: Collection[Migration]) -> set[tuple[Migration, int]]:
    """The operations that the journal has begun. Raises ``LiveMigrationError`` if one was on its way back."""
    if not has_bookkeeping(connection):
        return set()
    journal = books.Journal(connection)
    for key, direction in journal.half_done().items():
        if direction == books.BACK:
            raise LiveMigrationError(
                f"{'.'.join(key)} is half taken back. Nothing was written. Remedy: run migrate, which finishes it."
            )
    return {(key, index) for key in pending for index in journal.open_rows(*key)}


def _name(rehearsed: Rehearsed) -> str:
    return ".".join(rehearsed.migration)


def _numbered(rehearsed: Rehearsed) -> str:
    return f"{_name(rehearsed)}:{rehearsed.index + 1}"


def _in_full(given: str, loader: MigrationLoader, order: list[Migration]) -> str:
    """What is accepted, with the migration's whole name.

    Raises ``LiveMigrationError`` for a name or a number that fits nothing, before hours of rehearsal are spent on it.
    """
    name, numbered, number = given.partition(":")
    app, _, start = name.partition(".")
    found = [key for key in order if key[0] == app and start and key[1].startswith(start)]
    found = [key for key in found if key[1] == start] or found
    count = _count_of_operations(loader, found[0]) if numbered and len(found) == 1 else 0
    if len(found) != 1 or (numbered and number not in map(str, range(1, count + 1))):
        raise LiveMigrationError(
            f"--accept {given}: there is no such migration or operation, or more than one. Nothing was written."
            " Remedy: write app.migration, or app.migration:3 for its third operation."
        )
    return ".".join(found[0]) + numbered + number


def _count_of_operations(loader: MigrationLoader, key: Migration) -> int:
    """How many operations a rehearsal counts in a migration."""
    state, count = loader.project_state(key, at_end=False), 0
    for operation in loader.graph.nodes[key].operations:
        before = state.clone()
        operation.state_forwards(key[0], state)
        count += sum(1 for _ in parts(key[0], operation, before, state.clone()))
    return count

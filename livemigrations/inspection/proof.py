"""The proof, operation by operation: what is there by definition, what is missing, what differs, what nobody can tell."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import StrEnum

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import operations as django_operations
from django.db.migrations.operations.base import Operation

from livemigrations.catalog.objects import Key, Kind, Thing
from livemigrations.engine.planner import is_noop
from livemigrations.inspection.evidence import Evidence, Found, Standing
from livemigrations.inspection.rehearsal import History, Rehearsed
from livemigrations.inspection.withholding import reads_rows
from livemigrations.statements.names import identifier
from livemigrations.statements.tokens import split

Migration = tuple[str, str]
ACCEPTED = "accepted"
_WEAK = (Kind.COMMENT, Kind.EXTENSION)
_HOLDS_ROWS = (Kind.TABLE, Kind.COLUMN)


class Verdict(StrEnum):
    """What is known of one operation."""

    THERE = "there"
    NOTHING = "nothing to do"
    MISSING = "missing"
    PARTLY = "partly there"
    DIFFERS = "differs"
    DOUBT = "cannot be proven"


@dataclass(frozen=True, slots=True)
class Difference:
    """One object that is not as the migrations make it. ``there`` is the database's definition."""

    object: str
    there: str
    here: str


@dataclass(frozen=True, slots=True)
class Lack:
    """One object that is missing, and the statement that makes it, as far as it can be said."""

    object: str
    sql: str


@dataclass(slots=True)
class OperationProof:
    """One operation with its verdict; ``renamed`` maps objects that have another name there to what would rename them.

    ``nameless`` is the object that it would look for by a name that it does not have there. ``absent`` says that
    something that it makes, changes or drops is as it was before; ``drops`` names a table or column that it would drop.
    """

    rehearsed: Rehearsed
    verdict: Verdict
    differences: list[Difference] = field(default_factory=list)
    missing: list[Lack] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    nameless: str = ""
    reason: str = ""
    evident: bool = False
    structural: bool = False
    absent: bool = False
    drops: str = ""

    @property
    def adopts(self) -> bool:
        """Whether the operation itself verifies what is there and adds what is missing."""
        return bool(getattr(self.rehearsed.operation, "adopts", False))

    @property
    def done(self) -> bool:
        return self.verdict in (Verdict.THERE, Verdict.NOTHING)

    @property
    def makeable(self) -> bool:
        """Whether running the operation does just what is missing."""
        missing = self.verdict == Verdict.MISSING or (self.verdict == Verdict.PARTLY and self.adopts)
        return missing and not self.withheld

    @property
    def withheld(self) -> str:
        """Why adoption does not run the operation although it would be needed; empty if it may."""
        return self.rehearsed.withheld or (f"it would drop {self.drops}" if self.drops else "")


@dataclass(slots=True)
class MigrationProof:
    """One migration: the proofs of its operations, and what follows from them."""

    key: Migration
    sprint: int | None
    operations: list[OperationProof] = field(default_factory=list)

    @property
    def proven(self) -> bool:
        return all(operation.done for operation in self.operations)

    @property
    def makeable(self) -> bool:
        return all(operation.done or operation.makeable for operation in self.operations) and not self.nameless

    @property
    def nameless(self) -> str:
        """The first object that an operation would look for in vain."""
        return next((operation.nameless for operation in self.operations if operation.nameless), "")

    @property
    def neutral(self) -> bool:
        """Nothing of it concerns the database."""
        return all(operation.verdict == Verdict.NOTHING for operation in self.operations)

    @property
    def structural(self) -> bool:
        return any(operation.structural for operation in self.operations)

    @property
    def standing(self) -> bool:
        """Its structure is as it leaves it: what is missing are comments and rows, or it is of an operation that adopts."""
        shaping = [operation for operation in self.operations if operation.structural]
        return all(o.verdict == Verdict.THERE or (o.verdict == Verdict.PARTLY and o.adopts) for o in shaping)

    @property
    def evident(self) -> bool:
        """Its structure is there, and not only because it drops what may never have been."""
        return self.standing and any(operation.structural and operation.evident for operation in self.operations)

    @property
    def shaped(self) -> bool:
        """Its whole structure is there: at most comments and rows are missing."""
        return self.evident and all(o.verdict == Verdict.THERE for o in self.operations if o.structural)

    @property
    def begun(self) -> bool:
        """Whether anything at all of it is there."""
        return any(operation.evident for operation in self.operations)

    @property
    def conflicts(self) -> list[Difference]:
        return [difference for operation in self.operations for difference in operation.differences]

    @property
    def accepted(self) -> bool:
        """Whether somebody vouches for a part of it."""
        return any(operation.reason == ACCEPTED for operation in self.operations)

    @property
    def unproven(self) -> list[OperationProof]:
        """The operations that are neither proven nor run by adoption: someone has to accept them."""
        return [o for o in self.operations if not o.done and (o.verdict == Verdict.DOUBT or o.withheld)]

    @property
    def absent(self) -> bool:
        """Whether the database shows that none of it has run. A migration that only drops shows nothing."""
        return not self.begun and not self.conflicts and any(operation.absent for operation in self.operations)

    @property
    def doubts(self) -> list[OperationProof]:
        return [operation for operation in self.operations if operation.verdict == Verdict.DOUBT]


def prove(
    connection: BaseDatabaseWrapper,
    history: History,
    evidence: Evidence,
    sprints: dict[Migration, int | None],
    *,
    accepted: Callable[[Rehearsed], bool] = lambda rehearsed: False,
    explicit: Collection[str] = (),
    begun: Collection[tuple[Migration, int]] = (),
    rename: bool = False,
    dispensable: Callable[[Thing], bool] = lambda thing: False,
) -> dict[Migration, MigrationProof]:
    """A proof for each migration in ``sprints``, which maps it to its sprint.

    ``accepted`` says of operations that cannot be proven whether somebody vouches for them; ``explicit`` are the names
    of indexes and constraints that migrations use, so that another name there is worth a word; ``begun`` are operations
    that the journal will resume by itself; with ``rename`` such names are given before anything is made; an object that
    is ``dispensable`` may be missing.
    """
    proofs = {key: MigrationProof(key, sprint) for key, sprint in sprints.items()}
    shown: set[str] = set()
    for rehearsed in reversed(history.operations):
        if rehearsed.migration not in proofs:
            continue
        proof = _proof(connection, rehearsed, evidence, explicit, dispensable)
        may_accept = proof.verdict == Verdict.DOUBT or (proof.verdict == Verdict.MISSING and proof.withheld)
        if may_accept and accepted(rehearsed):
            proof.verdict, proof.reason = Verdict.THERE, ACCEPTED
        if (rehearsed.migration, rehearsed.index) in begun and not proof.done:
            proof.verdict, proof.differences = Verdict.MISSING, []
        proof.differences = [d for d in proof.differences if d.object not in shown]
        shown |= {difference.object for difference in proof.differences}
        proofs[rehearsed.migration].operations.insert(0, proof)
    if not rename:
        _note_nameless([operation for proof in proofs.values() for operation in proof.operations])
    return proofs


def _note_nameless(operations: list[OperationProof]) -> None:
    """Mark what would be made on an index or constraint that has another name there."""
    renamed = {name for operation in operations for name in operation.renamed}
    for operation in operations:
        if not operation.done:
            subjects = (_subject(change.key) for change in operation.rehearsed.changes)
            operation.nameless = next((subject for subject in subjects if subject in renamed), "")


def _subject(key: Key) -> str:
    """The object itself, or the one that a comment is on."""
    if key.kind != Kind.COMMENT:
        return str(key)
    what, _, name = key.name.partition(" ")
    return f"{what} {key.table}.{name}"


def _proof(
    connection: BaseDatabaseWrapper,
    rehearsed: Rehearsed,
    evidence: Evidence,
    explicit: Collection[str],
    dispensable: Callable[[Thing], bool],
) -> OperationProof:
    if not rehearsed.changes:
        return _without_objects(connection, rehearsed)
    all_ = [evidence.found(change, rehearsed.position) for change in rehearsed.changes]
    found = [one for one in all_ if not (one.standing == Standing.MISSING and _may_miss(one, dispensable))] or all_
    proof = OperationProof(rehearsed, _verdict(found))
    proof.structural = any(one.key.kind not in _WEAK for one in found)
    proof.evident = any(one.standing == Standing.THERE and one.actual and one.key.kind not in _WEAK for one in found)
    strong = [one for one in found if one.key.kind not in _WEAK and one.standing == Standing.MISSING]
    proof.absent = bool(strong)
    proof.drops = next((str(o.key) for o in strong if o.change.after is None and o.key.kind in _HOLDS_ROWS), "")
    proof.differences = [_difference(one) for one in found if one.standing == Standing.DIFFERS]
    proof.renamed = {str(one.key): _rename(one) for one in found if one.name and one.key.name in explicit}
    tables = {c.key.name for c in rehearsed.changes if c.key.kind == Kind.TABLE and c.after is not None}
    for column in [column for table in sorted(tables) for column in evidence.unknown_columns(table)]:
        here = "not known here, and without a default no row could be inserted"
        proof.differences.append(Difference(str(column.key), column.definition, here))
    if proof.differences:
        proof.verdict = Verdict.DIFFERS
    proof.missing = [_lack(one, evidence) for one in found if one.standing in (Standing.MISSING, Standing.UNFINISHED)]
    if proof.done and _has_rows(rehearsed):
        proof.verdict, proof.reason = Verdict.DOUBT, "it changes rows as well, which the catalog does not show"
    return proof


def is_like_index(thing: Thing) -> bool:
    """Whether this is an index that Django adds to a text column so that LIKE can use it in every locale."""
    return thing.key.kind == Kind.INDEX and thing.key.name.endswith("_like") and "_pattern_ops" in thing.definition


def _may_miss(found: Found, dispensable: Callable[[Thing], bool]) -> bool:
    return found.change.after is not None and found.actual is None and dispensable(found.change.after)


def _verdict(found: list[Found]) -> Verdict:
    standings = {one.standing for one in found}
    if Standing.DIFFERS in standings:
        return Verdict.DIFFERS
    if standings == {Standing.THERE}:
        return Verdict.THERE
    strong = {one.standing for one in found if one.key.kind not in _WEAK}
    return Verdict.PARTLY if Standing.THERE in strong or Standing.UNFINISHED in strong else Verdict.MISSING


def _without_objects(connection: BaseDatabaseWrapper, rehearsed: Rehearsed) -> OperationProof:
    if rehearsed.seed is not None:
        missing = rehearsed.seed.missing(connection)
        count = len(rehearsed.seed.keys) if missing is None else len(missing)
        if not count:
            return OperationProof(rehearsed, Verdict.THERE)
        lack = Lack(f"{count} of {len(rehearsed.seed.keys)} seeded rows of {rehearsed.seed.table}", "")
        return OperationProof(rehearsed, Verdict.MISSING, missing=[lack])
    if not rehearsed.wrote or is_noop(rehearsed.operation, backwards=False):
        return OperationProof(rehearsed, Verdict.NOTHING)
    return OperationProof(rehearsed, Verdict.DOUBT, reason=_why(rehearsed))


def _why(rehearsed: Rehearsed) -> str:
    if isinstance(rehearsed.operation, django_operations.RunPython):
        return "it is Python, and what it does to rows leaves no trace in the catalog"
    if rehearsed.withheld:
        return f"{rehearsed.withheld}, and it leaves no trace in the catalog"
    return "it leaves no trace in the catalog"


def _has_rows(rehearsed: Rehearsed) -> bool:
    """Whether an operation that changed the schema may change rows too."""
    operation = rehearsed.operation
    if isinstance(operation, django_operations.RunPython):
        return not is_noop(operation, backwards=False)
    if isinstance(operation, django_operations.RunSQL):
        return not isinstance(operation.sql, str) or reads_rows(split(operation.sql))
    return bool(rehearsed.withheld) and rehearsed.reads_rows and not _by_django(operation)


def _by_django(operation: Operation) -> bool:
    """Whether the catalog alone shows that the operation has run: its UPDATE only precedes a NOT NULL."""
    return isinstance(operation, django_operations.AlterField)


def _difference(found: Found) -> Difference:
    there = "(nothing)" if found.actual is None else found.actual.described
    here = "(nothing)" if found.change.after is None else found.change.after.described
    return Difference(str(found.key), there, here)


def _lack(found: Found, evidence: Evidence) -> Lack:
    wanted = found.change.after
    if wanted is None:
        return Lack(f"{found.key} is still there", "")
    if found.standing == Standing.UNFINISHED and found.actual is not None:
        table, name = identifier(*found.key.table.split(".")), identifier(found.actual.key.name)
        if found.key.kind == Kind.CONSTRAINT:
            return Lack(f"{found.actual.key}, not validated", f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
        return Lack(
            f"{found.actual.key}, left invalid by a failed build", f"DROP INDEX CONCURRENTLY {name};\n{wanted.sql}"
        )
    if found.actual is not None and found.key.kind != Kind.COMMENT:
        return Lack(f"{found.key} is still as it was before: {found.actual.definition}", "")
    return Lack(str(found.key), _by_index(wanted, evidence) or wanted.sql)


def _rename(found: Found) -> str:
    old, new = identifier(found.name), identifier(found.key.name)
    *schema, table = found.key.table.split(".")
    if found.key.kind == Kind.INDEX:
        return f"ALTER INDEX {identifier(*schema, found.name)} RENAME TO {new}"
    return f"ALTER TABLE {identifier(*schema, table)} RENAME CONSTRAINT {old} TO {new}"


def _by_index(wanted: Thing, evidence: Evidence) -> str:
    """A unique constraint from the unique index that another tool made for it."""
    if wanted.key.kind != Kind.CONSTRAINT or not wanted.definition.startswith("UNIQUE ("):
        return ""
    columns = wanted.definition.removeprefix("UNIQUE ")
    for key, thing in evidence.actual.items():
        if (
            key.kind == Kind.INDEX
            and key.table == wanted.key.table
            and thing.definition == f"UNIQUE USING btree {columns}"
        ):
            head = wanted.sql.partition(" UNIQUE ")[0]
            return f"{head} UNIQUE USING INDEX {identifier(key.name)}"
    return ""

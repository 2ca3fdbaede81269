"""Up to where a database stands: which migrations can be recorded, which have to be made before them, which must wait."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import StrEnum

from livemigrations.inspection.evidence import Evidence
from livemigrations.inspection.proof import Migration, MigrationProof, Verdict
from livemigrations.inspection.rehearsal import History


class Action(StrEnum):
    """What adopting does with a migration."""

    RECORD = "record"
    COMPLETE = "complete"
    MAKE = "make"
    LEAVE = "leave"
    STOP = "stop"


@dataclass(slots=True)
class Cut:
    """The chosen migrations in their order with what is done, and why others are left that have something there."""

    actions: dict[Migration, Action] = field(default_factory=dict)
    stopped: dict[Migration, str] = field(default_factory=dict)
    sprint: int | None = None

    @property
    def chosen(self) -> list[Migration]:
        return [key for key, action in self.actions.items() if action not in (Action.LEAVE, Action.STOP)]


@dataclass(slots=True)
class _Chooser:
    proofs: dict[Migration, MigrationProof]
    ancestors: Callable[[Migration], Collection[Migration]]
    history: History
    evidence: Evidence
    fill: bool
    reached: int | None = None
    stopped: dict[Migration, str] = field(default_factory=dict)
    banned: set[Migration] = field(default_factory=set)

    def choose(self) -> set[Migration]:
        self.reached = _reached(self.proofs)
        wanted = {key for key, proof in self.proofs.items() if proof.evident or proof.accepted}
        if self.reached is not None and self.fill:
            wanted |= {k for k, p in self.proofs.items() if p.sprint is not None and p.sprint <= self.reached}
        chosen = self._closed(wanted)
        while True:
            kept = self._neutral(self._fitting(self._standing(chosen)))
            if kept == chosen:
                return kept
            chosen = kept

    def _closed(self, wanted: Collection[Migration]) -> set[Migration]:
        """With everything that they depend on and that is not applied yet."""
        return {key for one in wanted for key in [*self.ancestors(one), one] if key in self.proofs}

    def _standing(self, chosen: set[Migration]) -> set[Migration]:
        """Without those that can neither be recorded nor made, and whatever depends on them."""
        bad = {key for key in chosen if not self._possible(self.proofs[key])}
        kept = set()
        for key in chosen:
            blockers = bad & {key, *self.ancestors(key)}
            if not blockers:
                kept.add(key)
            elif key not in bad:
                names = ", ".join(sorted(".".join(blocker) for blocker in blockers))
                self.stopped.setdefault(key, f"it depends on {names}")
        return kept

    def _possible(self, proof: MigrationProof) -> bool:
        if proof.key in self.banned:
            return False
        if proof.proven:
            return True
        why = ""
        if not proof.makeable:
            why = _obstacle(proof)
        elif not self.fill:
            why = "a part of it is missing"
        elif (
            proof.begun
            and not proof.shaped
            and proof.sprint is not None
            and (self.reached is None or proof.sprint > self.reached)
        ):
            why = f"sprint {proof.sprint} is not complete in this database"
        if why:
            self.stopped[proof.key] = why
        return not why

    def _fitting(self, chosen: set[Migration]) -> set[Migration]:
        """Such that every object which is not touched has the version that the chosen ones end with.

        An object may be at a later one: then the migrations up to there belong in, or those before it go out.
        """
        operations = self.history.operations
        added, removed = set(chosen), set()
        for versions in self.evidence.versions.values():
            owners = [operations[position].migration if position >= 0 else None for position in versions.positions]
            inside = [n for n, key in enumerate(owners) if key is None or key in chosen or key not in self.proofs]
            last = max(inside)
            later = [n for n in versions.matched if n > last]
            if last in versions.matched or not later:
                continue
            needed = {key for key in owners[last + 1 : later[0] + 1] if key is not None}
            if all(self._possible(self.proofs[key]) for key in self._closed(needed)):
                added |= self._closed(needed)
            else:
                removed |= {key for n in inside if (key := owners[n]) is not None and key in chosen}
        self.banned |= removed
        for key in removed:
            self.stopped.setdefault(key, "what it makes was changed since by a migration that cannot be recorded")
        return {key for key in added - removed if not removed & set(self.ancestors(key))}

    def _neutral(self, chosen: set[Migration]) -> set[Migration]:
        """With those that concern no database and depend on nothing else."""
        found = set(chosen)
        for key, proof in self.proofs.items():
            needs = {one for one in self.ancestors(key) if one in self.proofs} - {key}
            if proof.neutral and needs <= found and needs & chosen:
                found.add(key)
        return found


def choose(
    proofs: dict[Migration, MigrationProof],
    ancestors: Callable[[Migration], Collection[Migration]],
    history: History,
    evidence: Evidence,
    *,
    fill: bool,
) -> Cut:
    """Where to cut. ``proofs`` are in the order of the history; with ``fill``, gaps before what is there are made."""
    _settle_doubts(proofs, ancestors)
    chooser = _Chooser(proofs, ancestors, history, evidence, fill)
    chosen = chooser.choose()
    cut = Cut(sprint=chooser.reached)
    for key, proof in proofs.items():
        if key in chosen:
            cut.actions[key] = Action.RECORD if proof.proven else Action.COMPLETE if proof.begun else Action.MAKE
        else:
            obstacle = chooser.stopped.get(key, "")
            stops = proof.begun and not (proof.makeable and _adopting(proof)) and bool(obstacle)
            stops = stops or bool(proof.conflicts) or (key in chooser.stopped and bool(proof.unproven))
            if not stops and proof.doubts and not _ahead(proof, chooser.reached):
                stops, obstacle = True, _obstacle(proof)
            cut.actions[key] = Action.STOP if stops else Action.LEAVE
            if stops:
                _doubt_again(proof)
            if obstacle:
                cut.stopped[key] = obstacle
    return cut


def _adopting(proof: MigrationProof) -> bool:
    """Whether migrate itself will find its way through what is there already."""
    return all(
        operation.adopts or operation.verdict == Verdict.NOTHING or not operation.evident
        for operation in proof.operations
    )


def _ahead(proof: MigrationProof, reached: int | None) -> bool:
    """Whether the migration belongs to a later sprint than the one that the database has reached."""
    return proof.sprint is not None and reached is not None and proof.sprint > reached


def _doubt_again(proof: MigrationProof) -> None:
    """Report code that a stopped migration would need as what it is: nobody can prove that it has run or not."""
    for operation in proof.operations:
        if operation.verdict == Verdict.MISSING and operation.rehearsed.withheld and not operation.absent:
            operation.verdict = Verdict.DOUBT
            operation.reason = operation.reason or operation.withheld


def _settle_doubts(
    proofs: dict[Migration, MigrationProof], ancestors: Callable[[Migration], Collection[Migration]]
) -> None:
    """What cannot be proven has not run where the database shows that a migration before it has not run.

    Only the same app counts: another tool may have made the tables of one app without those of the other.
    """
    absent = {key for key, proof in proofs.items() if proof.absent}
    for key, proof in proofs.items():
        before = {one for one in ancestors(key) if one[0] == key[0]} | {key}
        if before & absent:
            for operation in proof.doubts:
                operation.verdict = Verdict.MISSING


def _reached(proofs: dict[Migration, MigrationProof]) -> int | None:
    """The newest sprint all of whose structure is in the database.

    One that only drops leaves nothing to be seen: it is reached if the sprint before it is.
    """
    sprints: dict[int, list[MigrationProof]] = {}
    for proof in proofs.values():
        if proof.sprint is not None and proof.structural:
            sprints.setdefault(proof.sprint, []).append(proof)
    reached, previous = None, False
    for sprint in sorted(sprints):
        standing = all(proof.standing for proof in sprints[sprint])
        previous = standing and (previous or any(proof.evident for proof in sprints[sprint]))
        reached = sprint if previous else reached
    return reached


def _obstacle(proof: MigrationProof) -> str:
    if proof.conflicts or any(operation.verdict == Verdict.DIFFERS for operation in proof.operations):
        return "what is there differs"
    if unproven := proof.unproven:
        return f"it cannot be proven: {unproven[0].reason or unproven[0].withheld}, and adopt does not run it"
    if proof.nameless:
        return f"{proof.nameless} has another name there, by which it would not be found (--rename)"
    return "a part of it is missing, and its operation cannot add to what is there"

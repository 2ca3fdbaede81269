"""What an examination found, in lines for people and in JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from livemigrations.inspection.adoption import Examination
from livemigrations.inspection.cut import Action
from livemigrations.inspection.proof import Migration, MigrationProof, OperationProof, Verdict

_WORDS = {
    Action.RECORD: "there: recorded as applied",
    Action.COMPLETE: "there but for a part: what is missing is made, then it is recorded",
    Action.MAKE: "missing, and needed for what is there: made",
    Action.LEAVE: "left to migrate",
    Action.STOP: "stopped",
}


def lines(examination: Examination, *, verbosity: int = 1) -> Iterator[str]:
    """The findings, in the order of the history; ``verbosity`` 2 shows every operation."""
    for key, proof in examination.proofs.items():
        action = examination.cut.actions[key]
        yield f"  {action:<8}  {'.'.join(key)}{_counts(proof, action)}"
        if verbosity > 1 or (action == Action.STOP and not proof.makeable):
            yield from _operations(proof)
        elif action in (Action.COMPLETE, Action.MAKE):
            yield from (f"              make {_first(o)}" for o in proof.operations if not o.done)
        yield from _renamed(proof)
        if action == Action.STOP:
            reason = examination.cut.stopped.get(key, "what is there differs")
            yield from (f"              {line}".rstrip() for line in reason.splitlines())
    yield ""
    yield from _end(examination)


def _counts(proof: MigrationProof, action: Action) -> str:
    told = [operation for operation in proof.operations if operation.verdict != Verdict.NOTHING]
    done = sum(operation.done for operation in told)
    if not told:
        return "  (nothing to do in the database)"
    if action == Action.LEAVE and not proof.begun:
        return "  (nothing of it is there)"
    return f"  ({done} of {len(told)} operations there)"


def _first(operation: OperationProof) -> str:
    missing = [lack.object for lack in operation.missing]
    if operation.rehearsed.changes and len(missing) == len(operation.rehearsed.changes) > 2:
        return operation.rehearsed.operation.describe()
    return ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "") or (
        operation.rehearsed.operation.describe()
    )


def _operations(proof: MigrationProof) -> Iterator[str]:
    for operation in proof.operations:
        number = operation.rehearsed.index + 1
        reason = f": {operation.reason}" if operation.reason else ""
        yield f"              {number:>2}  {operation.verdict:<14}  {operation.rehearsed.operation.describe()}{reason}"
        for difference in operation.differences:
            yield f"                    {difference.object}"
            yield f"                      there: {difference.there}"
            yield f"                      here:  {difference.here}"
        for lack in operation.missing if not operation.done else []:
            yield f"                    missing: {lack.object}"
            shown = operation.verdict == Verdict.PARTLY and not operation.adopts
            if lack.sql and (shown or operation.withheld):
                yield from (f"                      {line}" for line in f"{lack.sql};".splitlines())
        if operation.verdict == Verdict.DOUBT or (operation.verdict == Verdict.MISSING and operation.withheld):
            if operation.verdict == Verdict.MISSING:
                yield f"                    not run by adopt: {operation.withheld}"
            yield f"                    record it as applied without running it: --accept {'.'.join(proof.key)}:{number}"


def _renamed(proof: MigrationProof) -> Iterator[str]:
    for operation in proof.operations:
        for object_, statement in operation.renamed.items():
            yield f"              {object_} has another name there, and a later migration may look for this one:"
            yield f"                {statement}; (or --rename)"


def _end(examination: Examination) -> Iterator[str]:
    actions = list(examination.cut.actions.values())
    counts = {action: actions.count(action) for action in Action}
    if examination.cut.sprint is not None and not examination.conflict:
        yield f"The database stands at sprint {examination.cut.sprint}: everything that it makes is there."
    if examination.unproven and not examination.conflict:
        names = ", ".join(".".join(key) for key in examination.unproven)
        yield f"Adopt cannot prove that {names} ran, so nothing is written. Adopt runs no code and changes no rows."
        yield "Remedy: check it yourself, then record it as applied with --accept, as shown. If it did not run, adopt up to"
        yield "the migration before it (manage.py migrations adopt APP NAME), migrate it, then adopt the rest."
        return
    if examination.refused:
        yield "Something that is missing cannot be made, so nothing is written."
        yield "Remedy: follow the message above, then adopt again."
        return
    if examination.conflict:
        yield "Something is there that differs, so nothing is written."
        yield "Remedy: bring what is there to the definition here (or the migration to what is there), then try again."
        return
    if not examination.proofs:
        yield "All migrations are applied already."
        return
    for action in (Action.RECORD, Action.COMPLETE, Action.MAKE, Action.STOP, Action.LEAVE):
        if counts[action]:
            yield f"{counts[action]:>4}  {_WORDS[action]}"
    if examination.stopped:
        yield "Remedy: make what is missing there with the statements shown, then adopt again."


def to_json(examination: Examination) -> dict[str, Any]:
    """The findings: every migration with its action and the verdict, differences and gaps of each operation."""
    return {
        "sprint": examination.cut.sprint,
        "conflict": examination.conflict,
        "unproven": [".".join(key) for key in examination.unproven],
        "migrations": [_migration(examination, key, proof) for key, proof in examination.proofs.items()],
    }


def _migration(examination: Examination, key: Migration, proof: MigrationProof) -> dict[str, Any]:
    return {
        "revision": ".".join(key),
        "sprint": proof.sprint,
        "action": examination.cut.actions[key],
        "reason": examination.cut.stopped.get(key, ""),
        "operations": [
            {
                "operation": operation.rehearsed.index + 1,
                "description": operation.rehearsed.operation.describe(),
                "verdict": operation.verdict,
                "reason": operation.reason,
                "differences": [{"object": d.object, "there": d.there, "here": d.here} for d in operation.differences],
                "missing": [{"object": m.object, "sql": m.sql} for m in operation.missing]
                if not operation.done
                else [],
                "other_names": operation.renamed,
            }
            for operation in proof.operations
        ],
    }

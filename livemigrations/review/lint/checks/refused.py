"""Checks of what the engine refuses or cannot make safe."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.db.migrations import RunPython

from livemigrations.engine.planner import is_collected
from livemigrations.operations import ChangeColumnType
from livemigrations.review.lint.checks.hits import Hit, On, StepCheck, Words, words
from livemigrations.review.lint.effects import Change, Default, Effect
from livemigrations.review.lint.findings import Engine
from livemigrations.review.lint.history import Step
from livemigrations.statements.types import keeps_rows

# How long the session waits and how much it uses, not what its statements do.
_OF_NO_MATTER = r"\w+_TIMEOUT|\w*WORK_MEM|MAX_PARALLEL\w*|CLIENT_MIN_MESSAGES"
_KNOWN = ("django.", "livemigrations.", "pgtrigger.")


def _rewrites(step: Step, change: Change) -> bool:
    return not isinstance(step.operation, ChangeColumnType) and not keeps_rows(change.old_type, change.type)


def _attaches_known(step: Step, change: Change) -> bool:
    """A partition that is attached may be new and empty; one that is detached never is."""
    found = re.search(r"ATTACH PARTITION (?:\S+ \. )?\"?([^\s\"]+)", words(change.sql))
    return found is None or found[1].lower() not in {name.lower() for name in step.scene.new}


def unknown_operation(step: Step) -> Iterator[Hit]:
    """One that is neither Django's nor this package's, so that its SQL cannot be collected."""
    kind = type(step.operation)
    ours = kind.__module__.startswith(_KNOWN) or isinstance(step.operation, RunPython)
    if step.engine == Engine.LIVE and not ours and not is_collected(step.operation) and not _idle(kind):
        name = f"{kind.__module__}.{kind.__qualname__}"
        yield Hit("LM010", f"{name} is not an operation that the engine takes apart.", name)


def _idle(kind: type) -> bool:
    """Whether the forwards half names nothing at all, and so does nothing."""
    code = getattr(kind.database_forwards, "__code__", None)  # type: ignore[attr-defined]
    return code is not None and not code.co_names and not code.co_freevars


def sql_from_python(step: Step) -> Iterator[Hit]:
    """Python that hands SQL to the server itself."""
    if step.python is not None and step.python.executes:
        yield Hit("LM009", "The code executes SQL: what it does to which table cannot be told.")


STEPS: list[StepCheck] = [
    On(
        "LM001",
        (Effect.ADD_COLUMN,),
        "{c.subject} is added with a default that calls {c.default_text}, which is volatile.",
        lambda step, c: c.default == Default.VOLATILE and not step.taken_apart,
    ),
    On(
        "LM016",
        (Effect.ADD_COLUMN,),
        "{c.subject} is added with a default that calls {c.default_text}, which may be volatile.",
        lambda step, c: c.default == Default.OPEN and not step.taken_apart,
    ),
    On(
        "LM002",
        (Effect.ADD_COLUMN,),
        "{c.subject} is generated and stored: every row is computed under ACCESS EXCLUSIVE.",
        lambda step, c: c.stored,
    ),
    On(
        "LM003",
        (Effect.ADD_COLUMN,),
        "{c.subject} numbers every row under ACCESS EXCLUSIVE.",
        lambda step, c: c.numbered,
    ),
    On(
        "LM004",
        (Effect.CHANGE_TYPE,),
        "{c.subject} changes from {c.old_type} to {c.type}: the table is rewritten under ACCESS EXCLUSIVE.",
        lambda step, c: bool(c.old_type) and _rewrites(step, c),
    ),
    On(
        "LM004",
        (Effect.CHANGE_TYPE,),
        "{c.subject} becomes {c.type}: unless its type was of the same kind, the table is rewritten.",
        lambda step, c: not c.old_type and not isinstance(step.operation, ChangeColumnType),
    ),
    On("LM005", (Effect.ADD_EXCLUSION,), "The exclusion constraint {c.name} scans {c.table} under ACCESS EXCLUSIVE."),
    On("LM006", (Effect.ADD_PRIMARY_KEY,), "{c.table} gets the primary key {c.name} under ACCESS EXCLUSIVE."),
    On("LM007", (Effect.REWRITE,), "{c.table} is copied under ACCESS EXCLUSIVE."),
    Words("LM007", r"^(VACUUM\b.*\bFULL\b|CLUSTER\b)", "The whole table is copied under ACCESS EXCLUSIVE: {sql}"),
    Words(
        "LM007",
        r"^ALTER (INDEX|MATERIALIZED VIEW)\b.*\bSET (TABLESPACE|ACCESS METHOD)\b|^ALTER TABLE \"?ALL\"? IN TABLESPACE\b",
        "It is copied under ACCESS EXCLUSIVE: {sql}",
    ),
    Words(
        "LM008", r"^REINDEX\b(?!.*\bCONCURRENTLY\b(?! (FALSE|OFF|0)\b))", "Writers wait until the index is built: {sql}"
    ),
    Words("LM009", r"^(DO|CALL)\b", "What this does to which table cannot be told: {sql}"),
    sql_from_python,
    unknown_operation,
    Words("LM011", r"^LOCK\b", "Locks of one's own are held to the end of the transaction: {sql}"),
    Words("LM012", r"\bDETACH PARTITION\b(?!.*\b(CONCURRENTLY|FINALIZE)\b)", "The parent's traffic waits: {sql}"),
    Words("LM012", r"^ALTER TABLE .*\bATTACH PARTITION\b", "The partition is scanned: {sql}", _attaches_known),
    Words("LM013", r"^REFRESH MATERIALIZED VIEW (?!CONCURRENTLY)", "Readers of the view wait: {sql}"),
    Words(
        "LM014",
        r"^(BEGIN|START TRANSACTION|COMMIT|ROLLBACK|END|ABORT|SAVEPOINT|RELEASE|PREPARE TRANSACTION)\b",
        "The engine begins and ends transactions: {sql}",
    ),
    Words(
        "LM015",
        r"^((CREATE|DROP|ALTER) (DATABASE|TABLESPACE)|ALTER SYSTEM|DROP (ROLE|USER(?! MAPPING)|GROUP)|(DROP|REASSIGN) OWNED)\b",
        "Not for a migration: {sql}",
    ),
    Words(
        "LM017",
        rf"^SET (?!LOCAL\b|CONSTRAINTS\b|TRANSACTION\b)(?!(SESSION )?({_OF_NO_MATTER})\b)|\bSET_CONFIG \( .*, (FALSE|\?) \)",
        "It holds for more than this operation: {sql}",
    ),
]

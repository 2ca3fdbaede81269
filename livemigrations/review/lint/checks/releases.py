"""Checks of what breaks the release before."""

from __future__ import annotations

import re
from collections.abc import Iterator

from livemigrations.operations.code import CreateView
from livemigrations.review.lint import fields
from livemigrations.review.lint.checks.hits import Hit, On, StepCheck, Words, brief, words
from livemigrations.review.lint.effects import Change, Effect
from livemigrations.review.lint.history import Chapter, Step

_DROPPED = (
    "(?:MATERIALIZED )?VIEW|FUNCTION|PROCEDURE|ROUTINE|AGGREGATE|TYPE|TRIGGER|SCHEMA|SEQUENCE|DOMAIN|EXTENSION|POLICY"
    "|RULE|OPERATOR|CAST|COLLATION|FOREIGN TABLE|FOREIGN DATA WRAPPER|SERVER|PUBLICATION|SUBSCRIPTION|EVENT TRIGGER"
    "|LANGUAGE|TEXT SEARCH \\S+"
)
_RENAMED = "TABLE|(?:MATERIALIZED )?VIEW|FUNCTION|PROCEDURE|ROUTINE|AGGREGATE|TYPE|SEQUENCE|SCHEMA|DOMAIN|EXTENSION|FOREIGN TABLE"


def _drops_column(step: Step, change: Change) -> bool:
    """Unless it is the second stage: SQL that drops what the code had and has forgotten."""
    model = step.scene.old.by_table(change.table)
    now = model is not None and any(fields.column(*one) == change.name for one in step.scene.old.columns(model))
    forgotten = bool(change.sql) and not now and (change.table, change.name) in step.whole.names
    return not step.contract and not forgotten


def _drops_table(step: Step, change: Change) -> bool:
    now = step.scene.old.by_table(change.table) is not None
    forgotten = bool(change.sql) and not now and change.table in step.whole.names
    return not step.contract and not forgotten


def _required(step: Step, change: Change) -> bool:
    automatic = change.generated or change.numbered or change.stored
    return not (change.null or change.default or automatic or step.contract)


def _still_required(step: Step, change: Change) -> bool:
    staged = change.effect == Effect.FORGET_COLUMN or step.contract
    return staged and not change.sql and not change.null and not change.default


def _on_old_column(step: Step, change: Change) -> bool:
    """A constraint on columns that were there before this operation."""
    added = {c.name for c in step.changes if c.effect == Effect.ADD_COLUMN and c.table == change.table}
    return not added & set(change.columns or (change.name,))


def dropped_object(step: Step) -> Iterator[Hit]:
    """Objects that are dropped and not made again by the same operation."""
    made = [words(change.sql) for change in step.changes if change.sql.upper().lstrip().startswith("CREATE")]
    for change in step.changes:
        found = re.match(rf"DROP ({_DROPPED}) (?:IF EXISTS )?(\S+)", words(change.sql)) if change.sql else None
        if not found or step.contract:
            continue
        name = re.escape(found[2].strip('"'))
        if not any(re.search(rf"\b{found[1]}\b.*{name}\b", text) for text in made):
            yield Hit("LM209", f"The release before may use it: {brief(change.sql)}", brief(change.sql))


def renamed_tables(chapter: Chapter) -> Iterator[tuple[Step, Hit]]:
    """Tables that are renamed, unless a view takes over the old name in the same migration."""
    for step in chapter.steps:
        for change in step.existing(Effect.RENAME_TABLE):
            if not any(_stands_in(other, change.table) for other in chapter.steps if other.number >= step.number):
                message = f"{change.table} becomes {change.new_name}; the release before queries {change.table}."
                yield step, Hit("LM204", message, change.table)


def _stands_in(step: Step, name: str) -> bool:
    if isinstance(step.operation, CreateView):
        return step.operation.name == name
    pattern = rf"^CREATE (OR REPLACE )?VIEW \"?{re.escape(name.upper())}\b"
    return any(re.search(pattern, words(change.sql)) for change in step.changes if change.sql)


STEPS: list[StepCheck] = [
    On(
        "LM201",
        (Effect.DROP_COLUMN,),
        "{c.subject} is dropped; the release before names it in every SELECT and INSERT.",
        _drops_column,
    ),
    On("LM202", (Effect.DROP_TABLE,), "{c.table} is dropped; the release before queries it.", _drops_table),
    On(
        "LM203",
        (Effect.RENAME_COLUMN,),
        "{c.subject} becomes {c.new_name}; the release before uses the old name.",
    ),
    On(
        "LM205",
        (Effect.ADD_COLUMN,),
        "{c.subject} is NOT NULL and has no default in the database: each INSERT of the release before fails.",
        _required,
    ),
    On(
        "LM206",
        (Effect.SET_NOT_NULL,),
        "{c.subject} becomes NOT NULL; the release before writes NULL where no value is given.",
        lambda step, c: not c.default and not step.contract,
    ),
    On(
        "LM207",
        (Effect.DROP_DEFAULT,),
        "{c.subject} is NOT NULL and loses its default; the release before leaves the value to it.",
        lambda step, c: not c.null and not step.contract,
    ),
    On(
        "LM208",
        (Effect.FORGET_COLUMN, Effect.DROP_COLUMN),
        "{c.subject} is NOT NULL without a default: until it is dropped, each INSERT of the new release fails.",
        _still_required,
    ),
    dropped_object,
    Words("LM209", r"\bDROP EXPRESSION\b", "The column is no longer computed: {sql}"),
    Words("LM210", rf"^ALTER ({_RENAMED}) .*\bSET SCHEMA\b", "The release before looks for it where it was: {sql}"),
    Words(
        "LM210",
        rf"^ALTER (?!TABLE )({_RENAMED}) .*\bRENAME\b.*\bTO\b",
        "The release before looks for the old name: {sql}",
    ),
    On("LM211", (Effect.DROP_CONSTRAINT, Effect.DROP_INDEX), "{c.subject} is gone, and what relied on it is not."),
    On(
        "LM212",
        (Effect.ADD_UNIQUE, Effect.ADD_CHECK, Effect.ADD_FOREIGN_KEY),
        "{c.subject} refuses what the release before may write.",
        _on_old_column,
    ),
    On("LM213", (Effect.DROP_NOT_NULL,), "{c.subject} may be NULL from here on."),
    Words(
        "LM214",
        r"^(CREATE OR REPLACE .*\b(VIEW|FUNCTION|PROCEDURE|TRIGGER|RULE)\b|CREATE RULE\b|ALTER (VIEW|FUNCTION|EXTENSION)\b|ALTER TYPE .* ATTRIBUTE)"
        r"|\bSET EXPRESSION\b|\bNO INHERIT\b",
        "The release before gets another answer: {sql}",
    ),
    Words(
        "LM215",
        r"^REVOKE\b|^ALTER DEFAULT PRIVILEGES .*\bREVOKE\b|^(CREATE|ALTER) POLICY\b|\bROW LEVEL SECURITY\b"
        r"|^ALTER (ROLE|USER|GROUP)\b|\bOWNER TO\b",
        "The release before works with the rights of before: {sql}",
    ),
    Words(
        "LM216",
        r"\bDISABLE (TRIGGER|RULE)\b|\bENABLE REPLICA\b|\bSESSION_REPLICATION_ROLE\b",
        "What triggers keep true is not kept meanwhile: {sql}",
    ),
    Words("LM216", r"\bREPLICA IDENTITY\b", "Subscribers find the rows by something else from here on: {sql}"),
    Words(
        "LM217",
        r"^ALTER SEQUENCE\b|\b(DROP IDENTITY|ADD GENERATED|SET GENERATED|RESTART)\b|\bSETVAL \(",
        "Numbers may be given out twice or be missing: {sql}",
    ),
    On("LM218", (Effect.SET_DEFAULT,), "New rows get another {c.subject} than the release before expects."),
    On("LM219", (Effect.ADD_COLUMN,), "{c.subject} appears in SELECT * and in INSERT without a list of columns."),
    Words("LM220", r"^ALTER TYPE .*\bADD VALUE\b", "The release before does not know the value: {sql}"),
]
CHAPTERS = [renamed_tables]

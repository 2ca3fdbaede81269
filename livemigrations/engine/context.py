"""What SQL sets until its transaction ends: a later transaction of the migration is given it again.

In plain Django, SET LOCAL and SET CONSTRAINTS ... DEFERRED hold until the migration ends. A search path or a role of the
session would hold for the rest of the run, and be gone in a run that resumes after a crash: these become LOCAL, and their
operation gets a transaction of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from livemigrations.engine.steps import Step
from livemigrations.engine.units import Unit
from livemigrations.statements.tokens import split, tokens

_WHOSE = r"(?:SESSION\s+AUTHORIZATION|ROLE|SCHEMA|SEARCH_PATH)\b"
_OF_SESSION = re.compile(rf"SET\s+(?:SESSION\s+(?!AUTHORIZATION\b))?(?={_WHOSE})", re.IGNORECASE)
_CARRIED = re.compile(rf"SET\s+LOCAL\b|SET\s+CONSTRAINTS\b.*\bDEFERRED$|RESET\s+{_WHOSE}", re.IGNORECASE | re.DOTALL)
_FUNCTION = re.compile(
    r"(?P<call>SELECT\s+(?:PG_CATALOG\s*\.\s*)?SET_CONFIG\s*\(\s*'(?P<name>[\w.]+)'\s*,.*,\s*)(?P<local>TRUE|FALSE)\s*\)$",
    re.IGNORECASE | re.DOTALL,
)

_WHOSE_LOCAL = re.compile(rf"SET\s+LOCAL\s+{_WHOSE}", re.IGNORECASE)
_OF_WHOSE_FUNCTION = re.compile(
    r"SELECT\s+(?:PG_CATALOG\s*\.\s*)?SET_CONFIG\s*\(\s*'(?:role|session_authorization|search_path)'", re.IGNORECASE
)


def confined(step: Step) -> Step:
    """The step with LOCAL where a statement would change what all later statements of the session mean."""
    return replace(step, sql=tuple(map(_confined, step.sql)))


def is_confined(step: Step) -> bool:
    """Whether a step changes, until its transaction ends, whose rights or which tables all later statements mean."""
    return any(_WHOSE_LOCAL.match(sql) or _OF_WHOSE_FUNCTION.match(sql) for sql in step.sql)


def carry(units: Iterable[Unit], held: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Repeat in each later transaction what earlier ones set until their end. Returns what holds after the last one.

    ``held`` is what holds before the first. In plain Django it holds until the end of the migration.
    """
    for unit in units:
        if unit.alone and not unit.parts[0].step.transactional:
            continue
        statements = [sql for part in unit.parts for sql in part.step.sql]
        first = unit.parts[0]
        if held and not is_confined(first.step):
            first.step = replace(first.step, sql=(*held, *first.step.sql), unlocked=len(held) + first.step.unlocked)
        if not any(is_confined(part.step) for part in unit.parts):
            held += tuple(filter(_is_context, statements))
    return held


def reaches_further(script: str) -> bool:
    """Whether a script changes whose rights, or which tables, all later statements of the session mean."""
    return any(_confined(sql) != sql for sql in split(script))


def _is_context(sql: str) -> bool:
    called = _FUNCTION.match(sql)
    return bool(_CARRIED.match(sql)) or (called is not None and called["local"].upper() == "TRUE")


def _confined(sql: str) -> str:
    """The statement, LOCAL where it would change whose rights or which tables all later statements mean."""
    first = next(tokens(sql)).start if sql else 0
    text = sql[first:]
    if _OF_SESSION.match(text):
        return _OF_SESSION.sub("SET LOCAL ", text, count=1)
    called = _FUNCTION.match(text)
    if called and re.fullmatch(r"role|session_authorization|search_path", called["name"], re.IGNORECASE):
        return f"{called['call']}true)"
    return sql

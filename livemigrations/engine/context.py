"""What SQL sets for the statements behind it: it holds for all steps of its operation, and ends with it.

Statements of one operation may run in several transactions. SET LOCAL, SET CONSTRAINTS … DEFERRED and LOCK end with
the first, so each later step is given them again. A search path or a role of the session would stay for the rest of the
run, where the engine's own books cannot be reached, and be gone in a run that goes on after a crash: they become LOCAL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from livemigrations.engine.steps import Step
from livemigrations.statements.tokens import split, tokens

_WHOSE = r"(?:SESSION\s+AUTHORIZATION|ROLE|SCHEMA|SEARCH_PATH)\b"
_OF_SESSION = re.compile(rf"SET\s+(?:SESSION\s+(?!AUTHORIZATION\b))?(?={_WHOSE})", re.IGNORECASE)
_CARRIED = re.compile(
    rf"SET\s+LOCAL\b|SET\s+CONSTRAINTS\b.*\bDEFERRED$|LOCK\b|RESET\s+{_WHOSE}", re.IGNORECASE | re.DOTALL
)
_FUNCTION = re.compile(
    r"(?P<call>SELECT\s+(?:PG_CATALOG\s*\.\s*)?SET_CONFIG\s*\(\s*'(?P<name>[\w.]+)'\s*,.*,\s*)(?P<local>TRUE|FALSE)\s*\)$",
    re.IGNORECASE | re.DOTALL,
)


def carried(steps: list[Step]) -> Iterator[Step]:
    """The steps of one operation, each with what the ones before it set for it."""
    held: tuple[str, ...] = ()
    for position, step in enumerate(steps):
        if not step.transactional or not step.sql:
            yield step
            continue
        statements = tuple(map(_confined, step.sql))
        behind = any(later.transactional and later.sql for later in steps[position + 1 :])
        if not (behind and all(map(_is_context, statements))):
            yield replace(step, sql=(*held, *statements), unlocked=len(held) + step.unlocked)
        held += tuple(filter(_is_context, statements))


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

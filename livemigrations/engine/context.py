"""What SQL sets for the statements behind it: it holds for all steps of its operation, and ends with it.

Statements of one operation may run in several transactions. SET LOCAL, SET CONSTRAINTS … DEFERRED and LOCK end with
the first, so each later step is given them again. A search path or a role of the session would stay for the rest of the
run, where the engine's own books cannot be reached, and be gone in a run that goes on after a crash: they become LOCAL.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from livemigrations.engine.steps import Step
from livemigrations.statements import tree
from livemigrations.statements.tokens import tokens
from livemigrations.statements.tree import Node

_WHOSE = ("role", "session_authorization", "search_path")


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
    return any(_confined(sql) != sql for sql in tree.split(script))


def _is_context(sql: str) -> bool:
    node = tree.statement(sql)
    kind = tree.kind(node) if node is not None else ""
    if kind == "VariableSetStmt":
        return bool(node.is_local) or (tree.word(node, "kind") == "VAR_RESET" and node.name in _WHOSE)  # type: ignore[union-attr] # it has a kind
    if kind == "ConstraintsSetStmt":
        return bool(node.deferred)  # type: ignore[union-attr] # it has a kind
    called = _set_config(node)
    return kind == "LockStmt" or (called is not None and called[1])


def _set_config(node: Node | None) -> tuple[str, bool, int] | None:
    """The setting that a SELECT of ``set_config`` alone changes, whether it is local, and where that is written."""
    if node is None or tree.kind(node) != "SelectStmt" or len(node.target_list) != 1 or node.from_clause:
        return None
    call = tree.inner(tree.inner(node.target_list[0]).val)
    if tree.kind(call) != "FuncCall" or tree.strings(call.funcname)[-1] != "set_config" or len(call.args) != 3:
        return None
    name, _, local = map(tree.inner, call.args)
    if tree.kind(name) != "A_Const" or tree.kind(local) != "A_Const" or not local.HasField("boolval"):
        return None
    return name.sval.sval.lower(), local.boolval.boolval, local.location


def _confined(sql: str) -> str:
    """The statement, LOCAL where it would change whose rights or which tables all later statements mean."""
    node = tree.statement(sql)
    if node is not None and tree.kind(node) == "VariableSetStmt":
        reaches = tree.word(node, "kind") != "VAR_RESET" and node.name in _WHOSE and not node.is_local
        return _local(sql) if reaches else sql
    called = _set_config(node)
    if called and called[0] in _WHOSE and not called[1]:
        start = tree.position(sql, called[2])
        end = next(token.end for token in tokens(sql) if token.start >= start)
        return f"{sql[:start]}true{sql[end:]}"
    return sql


def _local(sql: str) -> str:
    """A SET as SET LOCAL."""
    first, second, third = [*tokens(sql), None][:3]
    assert first is not None
    assert second is not None
    of_session = second.word == "SESSION" and third is not None and third.word != "AUTHORIZATION"
    return f"SET LOCAL {sql[(second.end if of_session else first.end) :].lstrip()}"

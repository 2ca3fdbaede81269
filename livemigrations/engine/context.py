"""What SQL sets until its transaction ends: a later transaction of the migration is given it again.

In plain Django, SET LOCAL and SET CONSTRAINTS ... DEFERRED hold until the migration ends. A search path or a role of the
session would hold for the rest of the run, and be gone in a run that resumes after a crash: these become LOCAL, and their
operation gets a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from livemigrations.engine.steps import Step
from livemigrations.engine.units import Unit
from livemigrations.statements import tree
from livemigrations.statements.tokens import tokens
from livemigrations.statements.tree import Node

_WHOSE = ("role", "session_authorization", "search_path")


def confined(step: Step) -> Step:
    """The step with LOCAL where a statement would change what all later statements of the session mean."""
    return replace(step, sql=tuple(map(_confined, step.sql)))


def is_confined(step: Step) -> bool:
    """Whether a step changes, until its transaction ends, whose rights or which tables all later statements mean."""
    return any(map(_is_confined, step.sql))


def _is_confined(sql: str) -> bool:
    node = tree.statement(sql)
    if node is not None and tree.kind(node) == "VariableSetStmt":
        return bool(node.is_local) and node.name in _WHOSE
    called = _set_config(node)
    return called is not None and called[0] in _WHOSE


def carry(units: Iterable[Unit], held: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Repeat in each later transaction what earlier ones set until their end. Returns what holds after the last one.

    ``held`` is what holds before the first. In plain Django it holds until the end of the migration.
    """
    for unit in units:
        if unit.alone and not unit.parts[0].step.transactional:
            continue
        statements = [sql for part in unit.parts for sql in part.step.sql]
        first = unit.parts[0]
        if held and first.work is not None:
            first.held = held
        elif held and not is_confined(first.step):
            first.step = replace(first.step, sql=(*held, *first.step.sql), unlocked=len(held) + first.step.unlocked)
        if not any(is_confined(part.step) for part in unit.parts):
            held += tuple(filter(_is_context, statements))
    return held


def set_by(steps: Iterable[Step]) -> tuple[str, ...]:
    """The statements of steps that ran, which set something until the migration ends."""
    return tuple(sql for step in steps if not is_confined(step) for sql in step.sql if _is_context(sql))


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
    return called is not None and called[1]


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

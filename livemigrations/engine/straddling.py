"""Operations that must share one transaction: what one of them removes, a later one restores.

In plain Django no other session sees the moment between them. A split there would leave a table without its trigger, its
policy or its constraint, or a name without its object, for as long as the engine waits for the next lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from livemigrations.statements.changes import Changes, Thing, changes_of
from livemigrations.statements.parse import Statement

# What others must not see for a while either, when an operation makes it and a later one removes it.
_GRANTING = {"privilege", "policy", "trigger", "rule", "view", "row security", "trigger enabled", "rule enabled"}
# Their absence changes how long a query takes, or nothing, but not what it answers.
_HARMLESS = {"index", "comment", "setting", "owner"}
UNKNOWN = Changes(frozenset(), frozenset(), known=False)


@dataclass(frozen=True, slots=True)
class Group:
    """Operations ``first`` to ``last`` (positions) that belong together because of ``thing``."""

    first: int
    last: int
    thing: Thing

    def __contains__(self, position: int) -> bool:
        return self.first <= position <= self.last


def total(statements: Iterable[Statement]) -> Changes:
    """What an operation removes and makes altogether; what it restores itself counts as neither."""
    removed: set[Thing] = set()
    made: set[Thing] = set()
    known = True
    for statement in statements:
        changes = changes_of(statement)
        known = known and changes.known
        back = {thing for thing in changes.made if any(thing.is_same(gone) for gone in removed)}
        removed = {gone for gone in removed if not any(thing.is_same(gone) for thing in back)}
        made = {thing for thing in made if not any(thing.is_same(gone) for gone in changes.removed)}
        removed |= changes.removed
        made |= changes.made
    return Changes(frozenset(removed), frozenset(made), known)


def groups_of(operations: Sequence[Changes]) -> list[Group]:
    """The groups among consecutive operations, without overlaps, in their order."""
    found: list[Group] = []
    for first, one in enumerate(operations):
        for last in range(len(operations) - 1, first, -1):
            thing = _straddling(one, operations[last])
            if thing is not None:
                found.append(Group(first, last, thing))
                break
    joined: list[Group] = []
    for group in found:
        if joined and group.first <= joined[-1].last:
            before = joined[-1]
            joined[-1] = Group(before.first, max(before.last, group.last), before.thing)
        else:
            joined.append(group)
    return joined


def _straddling(before: Changes, after: Changes) -> Thing | None:
    """What the first operation removes and the second restores, or grants and the second takes away."""
    for gone in sorted(before.removed, key=repr):
        made = (thing for thing in after.made if thing.kind not in _HARMLESS)
        if gone.kind not in _HARMLESS and any(thing.is_same(gone) for thing in made):
            return gone
    for given in sorted(before.made, key=repr):
        if given.kind in _GRANTING and any(thing.is_same(given) for thing in after.removed):
            return given
    return None

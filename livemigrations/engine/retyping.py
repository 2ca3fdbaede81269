"""A change of type on a table in use: the new column is built beside the old one and takes its place in one moment.

The new one is what others call a shadow column: a trigger keeps it in step, a backfill fills it, a swap ends it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from livemigrations.catalog import kept
from livemigrations.catalog.attached import (
    constraints_on,
    indexes_on,
    keys_pointing_at,
    may_replicate,
    others_depending,
    settings_of,
    tree_or_identity,
    triggers_after_update,
)
from livemigrations.catalog.relations import Relation, fetch
from livemigrations.catalog.silencing import NOTHING_TO_SILENCE
from livemigrations.engine import hazards
from livemigrations.engine.retyping_columns import Retyped, Side
from livemigrations.engine.retyping_swap import swap
from livemigrations.engine.steps import Lane, Mode, Step
from livemigrations.engine.surroundings import Surroundings
from livemigrations.engine.translate import steps_for
from livemigrations.engine.triggers import managed_triggers, without
from livemigrations.errors import MigrationRefused
from livemigrations.statements.names import Name, beside, identifier
from livemigrations.statements.parse import Kind, Statement, parse
from livemigrations.statements.recolumned import key_recolumned, recolumned
from livemigrations.statements.tokens import tokens
from livemigrations.statements.types import computes, narrows

_GOES = ("-- it goes with the new column",)
_USING = re.compile(r"\s+USING\s+", re.IGNORECASE)


def retyped(around: Surroundings, statements: Iterable[Statement]) -> Iterator[Step]:
    """The steps of a ChangeColumnType; those of plain statements where no type changes that a table has to be spared."""
    found = list(statements)
    if not any(_is_refused(around, statement) for statement in found):
        yield from steps_for(around, found)
        return
    yield from _Change(around, found).steps()


def _is_refused(around: Surroundings, statement: Statement) -> bool:
    if statement.kind != Kind.ALTER_TYPE or statement.table is None or not around.populated(statement.table):
        return False
    try:
        hazards.check_type(around, statement)
    except MigrationRefused:
        return True
    return False


@dataclass(frozen=True, slots=True)
class _Key:
    """A foreign key from or to a column that changes: its table, its name, the name and text that it gets."""

    table: Name
    name: str
    final: str
    definition: str


class _Change:
    """The columns that change in one operation, with the statements around them."""

    def __init__(self, around: Surroundings, statements: list[Statement]) -> None:
        self.around, self.connection = around, around.connection
        moved = {id(s): found for s in statements if (found := self._moves(s))}
        first = next(number for number, s in enumerate(statements) if id(s) in moved)
        dropped = {(found.oid, s.name): s for s, found in self._of(statements, Kind.DROP_CONSTRAINT)}
        gone = {s.name: s for s in statements if s.kind in (Kind.DROP_INDEX, Kind.DROP_CONSTRAINT)}
        self.needless: list[Statement] = []
        self.sides = list(self._sides([(s, moved[id(s)]) for s in statements if id(s) in moved], gone))
        self.by_oid = {side.relation.oid: side for side in self.sides}
        self.keys, spared = self._keys(dropped, statements)
        self._refuse(dropped)
        spared |= {id(s) for s in self.needless}
        left = [(number, s) for number, s in enumerate(statements) if id(s) not in moved and id(s) not in spared]
        self.before = [s for number, s in left if number < first]
        self.after = [s for number, s in left if number > first]

    def _of(self, statements: list[Statement], kind: Kind) -> Iterator[tuple[Statement, Relation]]:
        for statement in statements:
            if statement.kind == kind and statement.table and (found := self.around.find(statement.table)):
                yield statement, found

    def _moves(self, statement: Statement) -> Relation | None:
        """The table of a change of type that is made here: every one of the operation whose table traffic knows."""
        if statement.kind != Kind.ALTER_TYPE or statement.table is None:
            return None
        return self.around.find(statement.table)

    def _sides(self, moved: list[tuple[Statement, Relation]], gone: dict[str, Statement]) -> Iterator[Side]:
        """The tables with what is carried over; ``gone`` are the drops of indexes and constraints.

        Those over a column that changes are not dropped by themselves: they serve until their column goes.
        """
        for oid in dict.fromkeys(found.oid for _, found in moved):
            own = [(statement, found) for statement, found in moved if found.oid == oid]
            columns = tuple(self._column(statement, found) for statement, found in own)
            names = [column.name for column in columns]
            indexes = indexes_on(self.connection, oid, names)
            constraints = constraints_on(self.connection, oid, names)
            going = [*(index.name for index in indexes), *(one.name for one in constraints if one.kind == "c")]
            self.needless += [gone[name] for name in going if name in gone]
            yield Side(
                own[0][1],
                columns,
                tuple(index for index in indexes if index.name not in gone),
                tuple(one for one in constraints if one.kind == "f" or one.name not in gone),
            )

    def _column(self, statement: Statement, found: Relation) -> Retyped:
        declared, *using = _USING.split(statement.body, maxsplit=1)
        name = identifier(statement.name)
        value = using[0] if using else name
        kind = self.around.type_named(statement.body)
        plain = value in (name, f"{name}::{declared}", f"{name}::{re.split(r' COLLATE ', declared)[0]}")
        settings = settings_of(self.connection, found.oid, statement.name)
        return Retyped(settings, kind, declared, value, plain)

    # --- foreign keys --------------------------------------------------------------------------------------------

    def _keys(
        self, dropped: dict[tuple[int, str], Statement], statements: list[Statement]
    ) -> tuple[list[_Key], set[int]]:
        """The foreign keys that are carried over, and the statements that this makes needless: their DROP and ADD."""
        added = [(s, found) for s, found in self._of(statements, Kind.ADD_CONSTRAINT) if s.references]
        keys: list[_Key] = []
        spared: set[int] = set()
        for side in self.sides:
            kept = []
            for one in side.constraints:
                drop = dropped.get((side.relation.oid, one.name))
                again = next(
                    (s for s, found in added if found.oid == side.relation.oid and _own(s) == set(one.columns)), None
                )
                if one.kind != "f":
                    kept.append(one)
                elif drop is None:
                    kept.append(one)
                    keys.append(_Key(side.table, one.name, one.name, one.definition))
                elif again is not None:
                    kept.append(one)
                    keys.append(_Key(side.table, one.name, again.name, again.body))
                    spared |= {id(drop), id(again)}
            self.sides[self.sides.index(side)] = replace(side, constraints=tuple(kept))
        return keys, spared

    # --- what cannot be done -------------------------------------------------------------------------------------

    def _refuse(self, dropped: dict[tuple[int, str], Statement]) -> None:
        """Raise ``MigrationRefused`` for what cannot go along to another column, before anything is changed."""
        for side in self.sides:
            for why, remedy in self._obstacles(side, dropped):
                raise MigrationRefused(
                    f"The type of {side.label} cannot be changed while {side.table.plain} is in use: {why}.",
                    f"# {remedy}",
                )

    def _obstacles(self, side: Side, dropped: dict[tuple[int, str], Statement]) -> Iterator[tuple[str, str]]:
        oid, names = side.relation.oid, [column.name for column in side.columns]
        managed = {trigger.described for trigger in managed_triggers(self.connection, oid, names)}
        for what in (what for what in others_depending(self.connection, oid, names) if what not in managed):
            yield f"{what} depends on it", "drop it in a migration before this one, and make it again in one after it"
        for what in tree_or_identity(self.connection, oid, names):
            yield what, "make a new table with the new type and move the rows, or run it in a window"
        if hidden := kept.hidden_rows(self.connection, oid):
            yield "rows would be left out", hidden
        carried = {(key.table, key.name) for key in self.keys}
        for other, table, name in keys_pointing_at(self.connection, oid, names):
            known = self.by_oid.get(other)
            if (other, name) not in dropped and (known is None or (known.table, name) not in carried):
                why = f"the foreign key {name} of {table} points at it, and no model knows of that"
                yield why, f"ALTER TABLE {table} DROP CONSTRAINT {identifier(name)}; and add it again afterwards"
        replica = may_replicate(self.connection)
        if names_ := triggers_after_update(self.connection, oid, replica=replica):
            role = fetch(self.connection, "SELECT quote_ident(current_user)")[0][0]
            way = f"GRANT SET ON PARAMETER session_replication_role TO {role};  -- then they do not fire"
            yield (
                f"the fill would fire {', '.join(names_)} after the update of every row",
                "ALTER TABLE … DISABLE TRIGGER … in a window" if replica else way,
            )

    # --- the steps -----------------------------------------------------------------------------------------------

    def steps(self) -> Iterator[Step]:
        """All of them; the questions about rows come before the first."""
        found = [*steps_for(self.around, self.before), *self._beside(), *self._swapped()]
        if pending := self.around.pending:
            for statement in self.needless:
                pending.learn(statement)
        self.around.keeper.made += [(side.table, column.name) for side in self.sides for column in side.columns]
        asked = [question for side in self.sides for question in side.questions()]
        yield replace(found[0], checks=(*asked, *found[0].checks))
        yield from found[1:]
        yield from steps_for(self.around, self.after)

    def _beside(self) -> Iterator[Step]:
        """The new columns, filled, with their indexes and constraints."""
        for side in self.sides:
            yield self._made(side)
        replica = may_replicate(self.connection)
        for side in self.sides:
            yield from self._filled(side, replica=replica)
        for side in self.sides:
            yield from self._ours(self._complete(side))
            yield from self._ours(self._indexes(side))
            yield from self._ours(self._checks(side))
        for side in self.sides:
            yield from self._ours(self._references(side))
            yield self._analyzed(side)

    def _ours(self, statements: Iterable[str]) -> Iterator[Step]:
        """The steps of statements on the new columns; they go when those go."""
        for step in steps_for(self.around, parse(";\n".join(statements))):
            yield replace(step, undo=step.undo or _GOES)

    def _made(self, side: Side) -> Step:
        table = str(side.table)
        types = ", ".join(column.type for column in side.columns)
        return Step(
            f"column beside {side.label} as {types}, kept in step by a trigger",
            Lane.INSTANT,
            side.made(),
            {table: Mode.ACCESS_EXCLUSIVE},
            (table,),
            unlocked=1,
            undo=side.undone(),
        )

    def _filled(self, side: Side, *, replica: bool) -> Iterator[Step]:
        table = str(side.table)
        for column, fill in zip(side.columns, side.fills(replica=replica), strict=True):
            yield Step(
                f"fill {side.relation.name}.{column.new} in batches",
                Lane.BATCH,
                (fill.script(NOTHING_TO_SILENCE),),
                {table: Mode.ROW_EXCLUSIVE},
                (table,),
                undo=_GOES,
                transactional=False,
                fill=fill,
            )

    def _complete(self, side: Side) -> Iterator[str]:
        for column in side.columns:
            if column.complete:
                check = f"{identifier(column.check)} CHECK ({column.complete})"
                yield f"ALTER TABLE {side.table} ADD CONSTRAINT {check}"

    def _indexes(self, side: Side) -> Iterator[str]:
        for index in side.indexes:
            word = "UNIQUE " if index.unique else ""
            rest = recolumned(index.rest, side.names)
            yield f"CREATE {word}INDEX CONCURRENTLY {identifier(beside(index.name))} ON {side.table} {rest}"

    def _checks(self, side: Side) -> Iterator[str]:
        for one in side.constraints:
            if one.kind == "c":
                text = recolumned(one.definition, side.names)
                yield f"ALTER TABLE {side.table} ADD CONSTRAINT {identifier(beside(one.name))} {text}"

    def _references(self, side: Side) -> Iterator[str]:
        texts = {key.name: key.definition for key in self.keys if key.table == side.table}
        for one in side.constraints:
            if one.kind == "f":
                other = self.by_oid.get(one.target_oid)
                text = key_recolumned(texts[one.name], side.names, other.names if other else {})
                yield f"ALTER TABLE {side.table} ADD CONSTRAINT {identifier(beside(one.name))} {text}"

    def _analyzed(self, side: Side) -> Step:
        table = str(side.table)
        columns = ", ".join(identifier(column.new) for column in side.columns)
        return Step(
            f"statistics of {side.label} as it will be",
            Lane.ONLINE,
            (f"ANALYZE {table} ({columns})",),
            {table: Mode.SHARE_UPDATE_EXCLUSIVE},
            (table,),
            undo=_GOES,
        )

    def _swapped(self) -> list[Step]:
        """The swap; before it a copy of what a new type does not hold."""
        final = {(key.table, key.name): key.final for key in self.keys}
        locked = {str(side.table) for side in self.sides}
        for side in self.sides:
            locked |= {str(one.target) for one in side.constraints if one.target}
        triggers = [
            trigger
            for side in self.sides
            for trigger in managed_triggers(self.connection, side.relation.oid, [one.name for one in side.columns])
        ]
        found = [
            Step(
                f"the new column takes the place of {', '.join(side.label for side in self.sides)}",
                Lane.INSTANT,
                without(triggers, swap(self.sides, [(key.table, key.name) for key in self.keys], final)),
                dict.fromkeys(sorted(locked), Mode.ACCESS_EXCLUSIVE),
                tuple(str(side.table) for side in self.sides),
            )
        ]
        for side in self.sides:
            for column in side.columns:
                body = f"{column.declared} USING {column.value}"
                if computes(column.name, body) or narrows(column.settings.type, column.type, body):
                    became = "" if column.plain else column.new
                    steps = self.around.keeper.column(
                        side.relation, column.name, found[-1], narrowed_to=column.type, became=became
                    )
                    found = [*found[:-1], *steps]
        return found


def _own(statement: Statement) -> set[str]:
    """The columns of a foreign key that is to be added."""
    own = statement.body.split("REFERENCES")[0].partition("(")[2]
    return {token.name for token in tokens(own) if token.kind in ("quoted", "word")}

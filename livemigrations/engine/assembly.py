"""From the planned operations of a migration to its units, with the checks that a split leaves no gap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from django.db.migrations import operations as django_operations
from django.db.migrations.operations.base import Operation

from livemigrations import conf
from livemigrations.catalog.relations import relation
from livemigrations.engine import journal as books
from livemigrations.engine.context import is_confined
from livemigrations.engine.deferred import LateNames
from livemigrations.engine.planner import is_collected
from livemigrations.engine.row_estimates import estimated_rows
from livemigrations.engine.steps import Lane, Step
from livemigrations.engine.straddling import Group, groups_of, total
from livemigrations.engine.surroundings import Overlay, Surroundings
from livemigrations.engine.units import Part, Sort, Unit, locks_out_traffic, sort_of, units_of
from livemigrations.errors import MigrationRefused
from livemigrations.operations import SeedRows
from livemigrations.statements import tree
from livemigrations.statements.changes import Changes, changes_of, is_additive, may_be_one
from livemigrations.statements.names import Name, parse_name
from livemigrations.statements.parse import Kind, Statement, parse
from livemigrations.statements.tokens import tokens

Planning = Callable[[], list[Step]]


@dataclass(slots=True)
class Planned:
    """An operation with its steps, planned but not run.

    ``again`` plans it once more; ``overlay`` is what the surroundings knew before it was planned. ``whole``: the steps
    must share one transaction, as its author wrote them. ``refills``: rows return to a table that it makes.
    ``together`` is the number of the group whose transaction it shares, 0 without one: all its steps but the first
    ``early`` ones, which run before that transaction, and those with the numbers ``late``, which run after it.
    ``brief`` are the numbers of the steps on rows that may be quick. ``rows`` are its rows in the journal, where an
    earlier run has planned it.
    """

    identity: books.Operation
    operation: Operation
    direction: str
    steps: list[Step]
    overlay: Overlay
    again: Planning
    whole: bool = False
    refills: bool = False
    together: int = 0
    early: int = 0
    late: frozenset[int] = frozenset()
    brief: frozenset[int] = frozenset()
    rows: list[books.Row] = field(default_factory=list)

    @property
    def is_python(self) -> bool:
        return any(step.work is not None for step in self.steps)

    def changes(self) -> Changes:
        """What it removes and makes; of Python that is not known."""
        if self.is_python:
            return Changes(frozenset(), frozenset(), known=False)
        return total(self.statements())

    def parts(self) -> list[Part]:
        """Its steps as parts; those of a script that must stay whole form a group."""
        found = [replace(part, brief=number in self.brief) for number, part in enumerate(parts_of(self))]
        if not self.whole or len(found) == 1:
            return found
        group = -1 - self.identity.index
        apart = {*range(self.early), *self.late}
        return [part if part.step.later or part.number in apart else replace(part, group=group) for part in found]

    def statements(self) -> list[Statement]:
        return [statement for step in self.steps for statement in _statements(step)]


class Assembly:
    """Combines planned operations to units, or refuses them."""

    def __init__(self, around: Surroundings, planned: Sequence[Planned], late: LateNames) -> None:
        self.around, self.planned, self.late = around, list(planned), late
        self._groups = 0

    def units(self) -> list[Unit]:
        """The units in the order in which they run. Raises ``MigrationRefused``, with nothing changed."""
        for one in self.planned:
            if one.whole:
                self._keep_whole(one)
            one.brief = self._brief(one)
        for group in groups_of([one.changes() for one in self.planned]):
            members = self.planned[group.first : group.last + 1]
            if len(units_of(part for one in members for part in one.parts())) > 1:
                self._join(members, group)
        return units_of(self._parts())

    # --- groups ------------------------------------------------------------------------------------------------

    def _keep_whole(self, one: Planned) -> None:
        """Let copies run before, and validations after, a script that is one transaction, or plan it as plain statements."""
        room = self._make_room(one, [one])
        alone = [step for step in one.steps[one.early :] if _is_alone(step)]
        if not (room and all(map(_is_validation, alone))):
            self._plan_plainly([one], None)
        else:
            one.together = self._next_group() if alone or one.early else 0
            self._refuse_rows_under_lock([one], None)

    def _join(self, members: list[Planned], group: Group) -> None:
        """Give the members one transaction: move what may run before or after it, or plan them as plain statements."""
        if all(self._make_room(one, members) for one in members):
            self._refuse_rows_under_lock(members, group)
            number = self._next_group()
            for one in members:
                one.together = number
        else:
            self._plan_plainly(members, group)

    def _next_group(self) -> int:
        self._groups += 1
        return self._groups

    def _make_room(self, one: Planned, members: Sequence[Planned]) -> bool:
        """Find the steps that may run before or after the members' transaction; answers whether that is all it takes.

        Values of a column are copied before it, index builds and validations run after it, unless a member changes what
        they work on.
        """
        copies = [number for number, step in enumerate(one.steps) if step.transfer is not None and not step.later]
        one.early = copies[-1] + 1 if copies else 0
        late: set[int] = set()
        building = False
        for number, step in enumerate(one.steps[one.early :], one.early):
            if step.later or _is_validation(step) or _drops_validated(step, [one.steps[other] for other in late]):
                late.add(number)
            elif building or _is_alone(step):
                if not (_is_index_build(step) or _is_additive(step)):
                    return False
                late.add(number)
                building = True
        one.late = frozenset(late)
        position = list(members).index(one)
        return self._is_untouched(one.steps[: one.early], members[:position]) and self._is_unused(
            one, members[position + 1 :]
        )

    def _is_untouched(self, steps: Sequence[Step], members: Sequence[Planned]) -> bool:
        """Whether the members remove nothing that the steps work on."""
        tables = {table for step in steps for table in map(parse_name, step.locks)}
        gone = [thing for other in members for change in other.statements() for thing in changes_of(change).removed]
        return not any(thing.kind in _BUILT_ON and _names(thing.relation, tables) for thing in gone)

    def _is_unused(self, one: Planned, behind: Sequence[Planned]) -> bool:
        """Whether nothing that comes after the late steps needs, renames or removes what they make."""
        steps = [step for number, step in enumerate(one.steps) if number in one.late and not step.later]
        tables = {statement.table for step in steps for statement in _statements(step) if statement.table}
        names = {statement.name for step in steps for statement in _statements(step)}
        first = min(one.late, default=len(one.steps))
        own = [step for number, step in enumerate(one.steps) if number > first and number not in one.late]
        others = [statement for step in own for statement in _statements(step)]
        others += [statement for other in behind for statement in other.statements()]
        for statement in others:
            if _uses_index(statement) or any(_names(table, tables) for table in statement.references):
                return False
            for thing in changes_of(statement).removed:
                whole = thing.kind in ("table", "view") or (thing.kind == "column" and any(map(_is_index_build, steps)))
                if _names(thing.relation, tables) and (whole or (thing.kind == "constraint" and thing.name in names)):
                    return False
        return True

    def _plan_plainly(self, members: list[Planned], group: Group | None) -> None:
        """Plan the members again as plain statements, as Django would run them, if their tables are small."""
        for step in (step for one in members for step in one.steps if _is_alone(step)):
            self._refuse(step, group)
        self._refuse_rows_under_lock(members, group)
        self.around.restore(members[0].overlay)
        self.around.plain = True
        number = self._next_group() if group is not None else 0
        try:
            for one in members:
                one.steps = one.again()
                one.together, one.early, one.late = number, 0, frozenset()
        finally:
            self.around.plain = False
        for step in (step for one in members for step in one.steps if _is_alone(step)):
            raise self._refusal(step, group)
        for later in self.planned[self.planned.index(members[-1]) + 1 :]:
            later.overlay = self.around.overlay(self.late)
            later.steps = later.again()
            later.together, later.early, later.late = 0, 0, frozenset()
            if later.whole:
                self._keep_whole(later)
            later.brief = self._brief(later)

    def _refuse_rows_under_lock(self, members: Sequence[Planned], group: Group | None) -> None:
        """Raise ``MigrationRefused`` if many rows would be written while a large table is locked."""
        steps = [step for one in members for step in one.steps]
        if any(step.work is not None or (_is_rows(step) and self._writes_many(step)) for step in steps):
            for step in steps:
                if step.hot and locks_out_traffic(step):
                    self._refuse(step, group)

    def _brief(self, one: Planned) -> frozenset[int]:
        """The numbers of the steps of a RunSQL on rows that may be quick: few rows, or code that it calls."""
        if not isinstance(one.operation, django_operations.RunSQL):
            return frozenset()
        rows = ((number, step) for number, step in enumerate(one.steps) if _is_rows(step) and not step.later)
        return frozenset(number for number, step in rows if step.transfer is None and not self._writes_many(step))

    def _writes_many(self, step: Step) -> bool:
        """Whether a step writes more rows than a strong lock may be held for; of a call the lock's timeout decides."""
        for sql in step.sql:
            for statement in parse(sql):
                if statement.kind == Kind.ROWS and not is_call(statement.sql):
                    rows = estimated_rows(self.around.connection, statement.sql)
                    if rows is None or rows > conf.locked_rows():
                        return True
        return False

    def _refuse(self, step: Step, group: Group | None) -> None:
        """Raise ``MigrationRefused`` if one of the step's tables is large."""
        for name in step.hot or tuple(step.locks):
            found = relation(self.around.connection, parse_name(name))  # before anything has run
            if found is None or self.around.long_locks_allowed or found.size <= conf.small_table_bytes():
                continue
            raise self._refusal(step, group)

    def _refusal(self, step: Step, group: Group | None) -> MigrationRefused:
        tables = ", ".join(parse_name(name).plain for name in step.hot or step.locks) or "its table"
        if group is None:
            why = (
                "The statements of this operation run in one transaction, as they are written, because one of them does"
                " more than add something. This one would keep the table locked for as long as rows are read or written."
            )
            instead = "# one operation, in a migration file of its own, for each statement that may commit alone"
        else:
            first, last = self.planned[group.first].identity, self.planned[group.last].identity
            why = (
                f"Operation {last.index + 1} restores {_in_words(group)}, which operation {first.index + 1} removes:"
                " both must run in one transaction, so that nobody sees the moment between them. This statement, which"
                " belongs between them, would keep the table locked for as long as rows are read or written."
            )
            instead = "# a migration file for each part, so that no part restores what an earlier one removes"
        return MigrationRefused(
            f"Refused on the populated table {tables}:\n  {'; '.join(step.sql) or step.label}\n{why}", instead
        )

    # --- parts -------------------------------------------------------------------------------------------------

    def _parts(self) -> list[Part]:
        """The parts of all operations; those of a group without what ends later, which follows it."""
        parts: list[Part] = []
        later: list[Part] = []
        early: list[Part] = []
        grouped: list[Part] = []
        for position, one in enumerate(self.planned):
            found = one.parts()
            if not one.together:
                parts += found
                continue
            early += found[: one.early]
            grouped += [replace(part, group=one.together) for part in found[one.early :] if part.number not in one.late]
            later += [part for part in found[one.early :] if part.number in one.late]
            if position + 1 == len(self.planned) or self.planned[position + 1].together != one.together:
                parts += [*early, *grouped, *later]
                early, grouped, later = [], [], []
        return parts


def parts_of(one: Planned) -> list[Part]:
    """The steps of an operation as parts; where it was planned into the journal, with their rows."""
    from_sql = _writes_rows_itself(one.operation)
    rows: Sequence[books.Row | None] = one.rows or [None] * len(one.steps)
    return [
        Part(
            one.identity,
            one.direction,
            number,
            step,
            sort_of(step, from_sql=from_sql),
            additive=_is_additive(step),
            movable=_is_movable(step),
            reads_rows=any(statement.kind == Kind.ADD_CONSTRAINT for statement in _statements(step)),
            needs=frozenset(str(table) for statement in _statements(step) for table in statement.references),
            isolated=is_confined(step),
            work=step.work,
            row=row,
        )
        for number, (step, row) in enumerate(zip(one.steps, rows, strict=True))
    ]


_CALLS = {"DO", "CALL", "SELECT", "COPY", "VALUES"}


def is_call(sql: str) -> bool:
    """Whether a statement calls code, so that the server cannot estimate what it does."""
    first = next(tokens(sql), None)
    return first is not None and first.word in _CALLS


_BUILT_ON = ("column", "table", "view", "constraint", "index")


def _writes_rows_itself(operation: Operation) -> bool:
    kinds = (django_operations.RunSQL, django_operations.RunPython, SeedRows)
    return isinstance(operation, kinds) or not is_collected(operation)


def _is_alone(step: Step) -> bool:
    return not step.later and sort_of(step, from_sql=True) == Sort.ALONE


def _is_rows(step: Step) -> bool:
    return step.lane == Lane.BATCH


def _is_validation(step: Step) -> bool:
    return step.lane == Lane.ONLINE and step.transactional


def _drops_validated(step: Step, late: Sequence[Step]) -> bool:
    """Whether a step drops a constraint that a late step validates: the helper of SET NOT NULL."""
    names = {one.name for other in late if _is_validation(other) for one in _statements(other)}
    found = _statements(step)
    helper = any(one.kind == Kind.SET_NOT_NULL for one in found)
    return helper and any(one.kind == Kind.DROP_CONSTRAINT and one.name in names for one in found)


def _is_index_build(step: Step) -> bool:
    return step.index is not None and not step.index.drop


def _names(relation_: Name | None, tables: set[Name]) -> bool:
    return any(may_be_one(relation_, table) for table in tables)


_MOVABLE = (Kind.ADD_COLUMN, Kind.CREATE_TABLE, Kind.ADD_CONSTRAINT)
_ON_INDEXES = ("OBJECT_INDEX", "OBJECT_TABCONSTRAINT")


def _uses_index(statement: Statement) -> bool:
    """Whether a statement names an index or a constraint that must exist by then."""
    if statement.kind == Kind.COMMENT:
        return statement.node is None or tree.word(statement.node, "objtype") in _ON_INDEXES
    if statement.kind == Kind.ALTER_TABLE:
        command = tree.command(statement.sql)
        return command is not None and tree.word(command, "subtype") in ("AT_ClusterOn", "AT_ReplicaIdentity")
    return statement.kind in (Kind.RENAME_INDEX, Kind.DROP_INDEX)


def _statements(step: Step) -> list[Statement]:
    return [statement for sql in step.sql for statement in parse(sql)]


def _is_movable(step: Step) -> bool:
    """Whether a step needs nothing that an index build or a validation before it makes, but keys of other tables."""
    return _is_additive(step) and all(
        statement.kind in _MOVABLE and statement.body.split("(")[0].split()[:1] not in (["UNIQUE"], ["PRIMARY"])
        for statement in _statements(step)
    )


def _is_additive(step: Step) -> bool:
    return step.work is None and all(is_additive(statement) for sql in step.sql for statement in parse(sql))


def _in_words(group: Group) -> str:
    thing = group.thing
    on = f" of {thing.relation.plain}" if thing.relation and thing.name else ""
    name = thing.name or (thing.relation.plain if thing.relation else "")
    return f"the {thing.kind} {name}{on}".strip()

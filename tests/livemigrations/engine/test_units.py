"""How steps of consecutive operations are combined to transactions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from livemigrations.engine.journal import Operation
from livemigrations.engine.steps import Lane, Mode, Step, Transfer
from livemigrations.engine.units import Part, Sort, Unit, merged, sort_of, units_of

STRONG = {'"busy"': Mode.ACCESS_EXCLUSIVE}
ADD = Step("add", Lane.INSTANT, ("ALTER TABLE busy ADD c int",), STRONG, ('"busy"',))
NEW = Step("new", Lane.INSTANT, ("CREATE TABLE new (id int)",))
DROP = Step("drop", Lane.INSTANT, ("ALTER TABLE busy DROP d",), STRONG, ('"busy"',))
INDEX = Step("index", Lane.ONLINE, ("CREATE INDEX CONCURRENTLY i ON busy (c)",), transactional=False, hot=('"busy"',))
VALIDATE = Step("validate", Lane.ONLINE, ("ALTER TABLE busy VALIDATE CONSTRAINT k",))
ROWS = Step("rows", Lane.BATCH, ("UPDATE other SET n = 1",))
COPY = Step("copy", Lane.BATCH, transfer=Transfer("busy_c"))


def part(operation: int, step: Step, *, movable: bool = False, group: int = 0, isolated: bool = False) -> Part:
    identity = Operation("shop", "0002", operation, "", "")
    sort = sort_of(step, from_sql=True)
    return Part(identity, "forward", 0, step, sort, movable, movable, group=group, isolated=isolated)


def labels(*parts: Part) -> list[list[str]]:
    return [[one.step.label for one in unit.parts] for unit in units_of(parts)]


@pytest.mark.parametrize(
    ("step", "from_sql", "sort"),
    [
        (ADD, False, Sort.CATALOG),
        (INDEX, False, Sort.ALONE),
        (VALIDATE, False, Sort.ALONE),
        (COPY, False, Sort.ALONE),
        (ROWS, True, Sort.ROWS),
        (ROWS, False, Sort.ALONE),
        (replace(ROWS, later=True), True, Sort.ALONE),
        (Step("python", Lane.BATCH, work=lambda: None), False, Sort.ROWS),
        (Step("python", Lane.BATCH, work=lambda: None, transactional=False), False, Sort.ALONE),
    ],
)
def test_sort_of_a_step(step: Step, from_sql: bool, sort: Sort) -> None:
    assert sort_of(step, from_sql=from_sql) == sort


def test_catalog_changes_of_several_operations_share_a_transaction() -> None:
    assert labels(part(0, ADD), part(1, DROP), part(2, NEW)) == [["add", "drop", "new"]]


def test_what_runs_alone_ends_the_transaction() -> None:
    assert labels(part(0, ADD), part(0, INDEX), part(1, DROP)) == [["add"], ["index"], ["drop"]]


def test_an_addition_moves_before_the_index_builds_of_earlier_operations() -> None:
    parts = part(0, ADD), part(0, INDEX), part(1, replace(ADD, label="second"), movable=True), part(1, VALIDATE)
    assert labels(*parts) == [["add", "second"], ["index"], ["validate"]]


def test_an_addition_does_not_move_before_a_step_of_its_own_operation() -> None:
    assert labels(part(0, INDEX), part(0, ADD, movable=True)) == [["index"], ["add"]]


def test_an_addition_does_not_move_before_the_index_that_its_key_needs() -> None:
    needing = replace(part(1, ADD, movable=True), needs=frozenset({'"busy"'}))
    assert labels(part(0, INDEX), needing) == [["index"], ["add"]]


def test_rows_do_not_join_a_strong_lock_nor_the_other_way_round() -> None:
    assert labels(part(0, ADD), part(1, ROWS)) == [["add"], ["rows"]]
    assert labels(part(0, ROWS), part(1, ADD)) == [["rows"], ["add"]]
    assert labels(part(0, NEW), part(1, ROWS), part(2, ROWS)) == [["new", "rows", "rows"]]


def test_a_group_shares_one_transaction_whatever_is_in_it() -> None:
    parts = part(0, ADD, group=1), part(1, ROWS, group=1), part(2, DROP, group=1)
    assert labels(*parts, part(3, ROWS)) == [["add", "rows", "drop"], ["rows"]]


def test_a_search_path_does_not_reach_other_operations() -> None:
    parts = part(0, NEW), part(1, NEW, isolated=True), part(1, NEW), part(2, NEW)
    assert labels(*parts) == [["new"], ["new", "new"], ["new"]]


def test_additions_may_commit_one_by_one() -> None:
    unit = Unit([part(0, ADD, movable=True), part(1, ADD, movable=True)])
    assert unit.divisible
    assert [len(one.parts) for one in unit.divided()] == [1, 1]
    assert not Unit([part(0, ADD, movable=True), part(1, DROP)]).divisible
    assert not Unit([part(0, ADD, movable=True), part(0, ADD, movable=True)]).divisible


def test_merged_steps_ask_once_for_the_strongest_lock() -> None:
    weak = replace(ADD, locks={"busy": Mode.SHARE_ROW_EXCLUSIVE}, hot=("busy",))
    step = merged([part(0, NEW), part(1, weak), part(2, ADD)], {"busy": '"busy"'})
    assert step.locks == STRONG
    assert step.hot == ('"busy"',)
    assert step.unlocked == 1
    assert len(step.sql) == 3


def test_foreign_keys_to_tables_in_use_come_last() -> None:
    key = replace(ADD, label="key", sql=("ALTER TABLE new ADD CONSTRAINT k FOREIGN KEY (b) REFERENCES busy (id)",))
    step = merged([part(0, NEW, movable=True), part(0, key, movable=True), part(1, NEW, movable=True)], {})
    assert step.sql[-1] == key.sql[0]
    assert step.unlocked == 2


def test_a_constraint_does_not_move_before_the_backfill_that_it_needs() -> None:
    fill = part(0, replace(COPY, label="fill"))
    check = replace(part(1, replace(ADD, label="check"), movable=True), reads_rows=True)
    assert labels(fill, check) == [["fill"], ["check"]]
    assert labels(fill, part(1, ADD, movable=True)) == [["add"], ["fill"]]


def test_a_group_does_not_move_before_an_index_by_its_first_step() -> None:
    parts = part(0, INDEX), part(1, ADD, movable=True, group=1), part(1, ROWS, group=1)
    assert labels(*parts) == [["index"], ["add", "rows"]]


def test_a_unit_is_parted_before_its_rows_only() -> None:
    rows = replace(part(1, ROWS), brief=True)
    unit = Unit([part(0, ADD), rows])
    assert unit.is_tentative
    assert [[one.step.label for one in smaller.parts] for smaller in unit.parted()] == [["add"], ["rows"]]
    assert Unit([rows, part(0, ADD)]).parted() == []

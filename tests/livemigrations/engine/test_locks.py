"""Acquiring a lock: pauses that grow under a cap, a deadline, an order, and which errors are tried again.

The clock and the random numbers are the test's own; PostgreSQL and the sessions that hold the locks are real.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest
from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.activity import Session
from livemigrations.engine import locks
from livemigrations.engine.lanes import batch
from livemigrations.engine.locks import Admission, lock_statements
from livemigrations.engine.steps import Mode
from livemigrations.errors import LockDeadlineExceeded
from tests.support.database import Database

STRONG = {'"place"': Mode.ACCESS_EXCLUSIVE}
READ = "SELECT count(*) FROM place"


class Clock:
    """A clock that only sleeping moves. It keeps the pauses, and calls ``during`` in each."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []
        self.during: Callable[[int], None] = lambda count: None

    def monotonic(self) -> float:
        """The time in seconds."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.pauses.append(seconds)
        self.now += seconds
        self.during(len(self.pauses))


class Dice:
    """Random numbers that are a fixed share of their range. It keeps the ranges."""

    def __init__(self, share: float) -> None:
        self.share, self.ranges = share, list[tuple[float, float]]()

    def uniform(self, low: float, high: float) -> float:
        """The number at the same place of each range."""
        self.ranges.append((low, high))
        return low + (high - low) * self.share


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the module that acquires locks."""
    made = Clock()
    monkeypatch.setattr(locks, "time", made)
    return made


@pytest.fixture
def dice(monkeypatch: pytest.MonkeyPatch) -> Dice:
    """Random numbers that are always the highest of their range."""
    made = Dice(1.0)
    monkeypatch.setattr(locks, "random", made)
    return made


@pytest.fixture
def holder(database: Database) -> Iterator[psycopg.Connection[Any]]:
    """A session with an open transaction on a table."""
    with database.connect(autocommit=False, application_name="test holder") as connection:
        connection.execute("CREATE TABLE place (n int)")
        connection.execute("CREATE TABLE other (n int)")
        connection.commit()
        connection.execute(READ)
        time.sleep(0.1)  # older than the lock budget, by the server's clock
        yield connection
        connection.rollback()


def admission(
    connection: BaseDatabaseWrapper, wanted: dict[str, Mode], tell: Callable[[list[Session]], None] = lambda found: None
) -> Admission:
    return Admission(connection, wanted, tell)


def back_off(waiting: Admission, times: int) -> None:
    """Fail to get the lock so often."""
    for _ in range(times):
        waiting.back_off()


def test_pauses_grow_to_the_cap(connection: BaseDatabaseWrapper, clock: Clock, dice: Dice) -> None:
    waiting = admission(connection, {})
    back_off(waiting, 7)
    assert clock.pauses == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0]
    assert waiting.attempts == 7


def test_pauses_have_full_jitter(connection: BaseDatabaseWrapper, clock: Clock, dice: Dice) -> None:
    """A pause is anything from nothing to the cap, so that two runs do not meet again and again."""
    dice.share = 0.25
    waiting = admission(connection, {})
    back_off(waiting, 5)
    assert {low for low, _ in dice.ranges} == {0}
    assert clock.pauses == [high / 4000 for _, high in dice.ranges]


def test_pauses_follow_the_settings(connection: BaseDatabaseWrapper, clock: Clock, dice: Dice, settings: Any) -> None:
    settings.LIVEMIGRATIONS_LOCK_BUDGET_MS, settings.LIVEMIGRATIONS_BACKOFF_CAP_MS = 10, 70
    waiting = admission(connection, {})
    back_off(waiting, 4)
    assert clock.pauses == [0.02, 0.04, 0.07, 0.07]


def test_a_thousand_tries_do_not_overflow(
    connection: BaseDatabaseWrapper, clock: Clock, dice: Dice, settings: Any
) -> None:
    settings.LIVEMIGRATIONS_LOCK_DEADLINE_S = 10_000
    waiting = admission(connection, {})
    back_off(waiting, 1200)
    assert max(clock.pauses) == 1.0


@pytest.mark.parametrize("deadline_s", [1, 5])
def test_backing_off_ends_at_the_deadline(
    connection: BaseDatabaseWrapper, clock: Clock, dice: Dice, settings: Any, deadline_s: int
) -> None:
    settings.LIVEMIGRATIONS_LOCK_DEADLINE_S = deadline_s
    waiting = admission(connection, {})
    started = clock.now
    with pytest.raises(LockDeadlineExceeded):
        back_off(waiting, 100)
    assert deadline_s <= clock.now - started <= deadline_s + 1
    assert 3 <= waiting.attempts < 15


def test_the_deadline_names_the_session(
    connection: BaseDatabaseWrapper, clock: Clock, dice: Dice, settings: Any, holder: psycopg.Connection[Any]
) -> None:
    settings.LIVEMIGRATIONS_LOCK_DEADLINE_S = 3
    started = clock.now
    with pytest.raises(LockDeadlineExceeded) as raised:
        admission(connection, STRONG).wait_for_opening()
    for word in (f"pid {holder.info.backend_pid}", "test holder", READ, "place", "ACCESS EXCLUSIVE"):
        assert word in str(raised.value)
    assert 3 <= clock.now - started < 3.1


def test_the_deadline_of_back_off_names_the_session_too(
    connection: BaseDatabaseWrapper, clock: Clock, dice: Dice, settings: Any, holder: psycopg.Connection[Any]
) -> None:
    settings.LIVEMIGRATIONS_LOCK_DEADLINE_S = 0.5
    waiting = admission(connection, STRONG)
    with pytest.raises(LockDeadlineExceeded) as raised:
        back_off(waiting, 100)
    assert f"pid {holder.info.backend_pid}" in str(raised.value)


def test_it_waits_until_the_holder_is_gone(
    connection: BaseDatabaseWrapper, clock: Clock, dice: Dice, holder: psycopg.Connection[Any]
) -> None:
    told: list[Session] = []

    def release(count: int) -> None:
        if count == 4:
            holder.rollback()

    clock.during = release
    waiting = admission(connection, STRONG, told.extend)
    waiting.wait_for_opening()
    assert len(clock.pauses) == 4
    assert all(0 < pause <= 0.1 for pause in clock.pauses)
    assert [session.pid for session in told] == [holder.info.backend_pid]
    assert waiting.in_the_way == []


def test_the_pauses_of_the_look_ahead_differ(
    connection: BaseDatabaseWrapper, clock: Clock, dice: Dice, holder: psycopg.Connection[Any]
) -> None:
    clock.during = lambda count: holder.rollback()
    admission(connection, STRONG).wait_for_opening()
    [(low, high)] = dice.ranges
    assert 0 < low < high


def test_a_new_transaction_of_the_same_session_is_told_again(
    connection: BaseDatabaseWrapper, clock: Clock, dice: Dice, holder: psycopg.Connection[Any]
) -> None:
    told: list[Session] = []

    def change(count: int) -> None:
        holder.rollback()
        if count == 1:
            holder.execute(READ)
            time.sleep(0.1)

    clock.during = change
    admission(connection, STRONG, told.extend).wait_for_opening()
    assert [session.pid for session in told] == [holder.info.backend_pid] * 2


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {'"other"': Mode.ACCESS_EXCLUSIVE},
        {'"missing"': Mode.ACCESS_EXCLUSIVE},
        {'"place"': Mode.EXCLUSIVE},
        {'"place"': Mode.SHARE_ROW_EXCLUSIVE},
    ],
    ids=["nothing", "another table", "missing table", "exclusive", "share row exclusive"],
)
def test_a_lock_that_does_not_conflict_is_not_waited_for(
    connection: BaseDatabaseWrapper,
    clock: Clock,
    dice: Dice,
    holder: psycopg.Connection[Any],
    wanted: dict[str, Mode],
) -> None:
    admission(connection, wanted).wait_for_opening()
    assert clock.pauses == []


def test_a_young_transaction_is_not_waited_for(
    connection: BaseDatabaseWrapper, clock: Clock, dice: Dice, settings: Any, holder: psycopg.Connection[Any]
) -> None:
    settings.LIVEMIGRATIONS_LONG_TRANSACTION_MS = 10**9
    admission(connection, STRONG).wait_for_opening()
    assert clock.pauses == []


def test_locks_are_asked_for_in_one_order() -> None:
    modes = {'"b"': Mode.ACCESS_EXCLUSIVE, '"a"': Mode.SHARE_ROW_EXCLUSIVE, '"c"': Mode.ACCESS_EXCLUSIVE}
    expected = [
        'LOCK TABLE "a" IN SHARE ROW EXCLUSIVE MODE',
        'LOCK TABLE "b" IN ACCESS EXCLUSIVE MODE',
        'LOCK TABLE "c" IN ACCESS EXCLUSIVE MODE',
    ]
    assert lock_statements(modes) == lock_statements(dict(reversed(modes.items()))) == expected


def test_a_missed_lock_is_tried_again_after_a_pause(
    connection: BaseDatabaseWrapper, clock: Clock, dice: Dice, holder: psycopg.Connection[Any]
) -> None:
    """The holder leaves during the third pause, so that the fourth try succeeds."""

    def release(count: int) -> None:
        if count == 3:
            holder.rollback()

    clock.during = release
    assert batch.repeated(_session(connection), _locking(connection)) == "locked"
    assert clock.pauses == [0.1, 0.2, 0.4]


def test_another_error_is_not_tried_again(connection: BaseDatabaseWrapper, clock: Clock, dice: Dice) -> None:
    tries = []

    def fail() -> None:
        tries.append(1)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    with pytest.raises(DatabaseError, match="division by zero"):
        batch.repeated(_session(connection), fail)
    assert (len(tries), clock.pauses) == (1, [])


def test_a_lock_that_is_never_free_ends_at_the_deadline(
    connection: BaseDatabaseWrapper, clock: Clock, dice: Dice, settings: Any, holder: psycopg.Connection[Any]
) -> None:
    settings.LIVEMIGRATIONS_LOCK_DEADLINE_S = 2
    with pytest.raises(LockDeadlineExceeded):
        batch.repeated(_session(connection), _locking(connection))
    assert 2 <= sum(clock.pauses) <= 3


def _locking(connection: BaseDatabaseWrapper) -> Callable[[], str]:
    def lock() -> str:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            try:
                cursor.execute("LOCK TABLE place IN ACCESS EXCLUSIVE MODE NOWAIT")
            finally:
                cursor.execute("ROLLBACK")
        return "locked"

    return lock


def _session(connection: BaseDatabaseWrapper) -> Any:
    """As much of a run as the retries need."""
    return cast(Any, SimpleNamespace(connection=connection))

"""Getting a strong lock without making anybody wait for it: look first, then ask briefly, then try again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations import conf
from livemigrations.catalog.activity import Session, holders
from livemigrations.catalog.partitions import descendants
from livemigrations.catalog.relations import fetch
from livemigrations.engine.steps import Mode
from livemigrations.errors import LockDeadlineExceeded

RETRIED = ("55P03", "40P01")
_POLL_S = 0.02


class Admission:
    """The wait of one step for its locks, bounded by the deadline.

    ``locks`` maps quoted names to modes; ``tell`` is called with the sessions in the way, once for each of them.
    """

    def __init__(
        self,
        connection: BaseDatabaseWrapper,
        locks: dict[str, Mode],
        tell: Callable[[list[Session]], None],
        *,
        within_s: float | None = None,
    ) -> None:
        self.connection, self.locks, self.tell = connection, locks, tell
        self.started = time.monotonic()
        self.limit_s = conf.lock_deadline_s() if within_s is None else min(within_s, conf.lock_deadline_s())
        self.deadline = self.started + self.limit_s
        self.attempts = 0
        self.wanted = self._oids()
        self._told: set[tuple[int, str]] = set()
        self._seen: dict[tuple[int, str], float] = {}
        self.in_the_way: list[Session] = []

    def _oids(self) -> dict[int, str]:
        if not self.locks:
            return {}
        names = list(self.locks)
        rows = fetch(self.connection, "SELECT n, to_regclass(n)::oid::bigint FROM unnest(%s::text[]) AS n", [names])
        found = [(self.locks[name].value, oid) for name, oid in rows if oid is not None]
        below = {child: mode for mode, oid in found for child in descendants(self.connection, oid)}
        return below | {oid: mode for mode, oid in found}

    def learn(self, locks: dict[str, Mode]) -> None:
        """Wait for these tables as well from now on."""
        if locks.items() - self.locks.items():
            self.locks = {**self.locks, **locks}
            self.wanted = self._oids()

    def wait_for_opening(self) -> None:
        """Return as soon as nobody holds a conflicting lock for long. Raises ``LockDeadlineExceeded``."""
        while self.wanted:
            found = holders(self.connection, self.wanted)
            self.in_the_way = [session for session in found if self._is_long(session)]
            if not self.in_the_way or all(session.is_autovacuum for session in self.in_the_way):
                return
            new = [s for s in self.in_the_way if (s.pid, s.transaction) not in self._told]
            if new:
                self._told.update((s.pid, s.transaction) for s in new)
                self.tell(new)
            self._check_deadline()
            time.sleep(_POLL_S * random.uniform(0.5, 1))

    @property
    def behind_autovacuum(self) -> bool:
        """Whether only autovacuum is in the way: it gives way to a request that stops no traffic."""
        return any(session.is_autovacuum for session in self.in_the_way)

    def _is_long(self, session: Session) -> bool:
        key = (session.pid, session.transaction)
        seen_ms = (time.monotonic() - self._seen.setdefault(key, time.monotonic())) * 1000
        age = seen_ms if session.age_ms is None else session.age_ms
        return age > conf.long_transaction_ms()

    def back_off(self) -> None:
        """Pause after a try that failed: full jitter under a growing cap. Raises ``LockDeadlineExceeded``."""
        self.attempts += 1
        self._check_deadline()
        cap = min(conf.backoff_cap_ms(), conf.lock_budget_ms() * 2 ** min(self.attempts, 16))
        time.sleep(random.uniform(0, cap) / 1000)

    def _check_deadline(self) -> None:
        if time.monotonic() < self.deadline:
            return
        blockers = self.in_the_way or holders(self.connection, self.wanted)
        names = "\n".join(f"  {session}" for session in blockers) or "  (short transactions, one after the other)"
        tables = ", ".join(f"{mode} on {table}" for table, mode in self.locks.items()) or "its rows"
        raise LockDeadlineExceeded(
            f"No moment was free for {tables} within {self.limit_s:g} s ({self.attempts} tries). In the way:\n"
            f"{names}\nWhat was done before is kept. Remedy: let these end (or SELECT pg_terminate_backend(pid)), then"
            " migrate again: it goes on at this step. LIVEMIGRATIONS_LOCK_DEADLINE_S and"
            " LIVEMIGRATIONS_LOCK_BUDGET_MS set how long it looks and asks."
        )


def lock_statements(locks: dict[str, Mode]) -> list[str]:
    """LOCK TABLE for each table, in one fixed order."""
    return [f"LOCK TABLE {table} IN {locks[table].value} MODE" for table in sorted(locks)]


def lockable(connection: BaseDatabaseWrapper, locks: dict[str, Mode]) -> dict[str, Mode]:
    """The locks that LOCK TABLE may be asked for: ordinary tables on which the role has the right."""
    if not locks:
        return {}
    rows = fetch(
        connection,
        "SELECT n FROM unnest(%s::text[]) AS n JOIN pg_class c ON c.oid = to_regclass(n)"
        " WHERE c.relkind IN ('r', 'p') AND (has_table_privilege(c.oid, 'UPDATE') OR has_table_privilege(c.oid, 'DELETE'))",
        [list(locks)],
    )
    return {row[0]: locks[row[0]] for row in rows}

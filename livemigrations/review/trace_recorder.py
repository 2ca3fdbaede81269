"""Notes what every statement of a connection really does: its locks, scans, rewrites and rows."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import compress
from typing import Any

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.pq import TransactionStatus
from psycopg.sql import Composable

from livemigrations.bookkeeping import BOOKS
from livemigrations.catalog.relations import fetch
from livemigrations.engine.connections import sqlstate
from livemigrations.review.trace_doorstop import Doorstop
from livemigrations.review.trace_samples import RELATIONS, SAMPLE, Relation, Sample, read_relations, read_sample
from livemigrations.review.traced import MODES, TracedStatement
from livemigrations.statements.names import Name
from livemigrations.statements.tokens import split

_BOOKS = re.compile(r"\b(livemigrations_(step|run|lease|twin|twin_index|clock)|django_migrations)\b")
_CONTROL = re.compile(
    r"\s*(BEGIN|START|COMMIT|END|ROLLBACK|SAVEPOINT|RELEASE|SHOW|RESET|DISCARD|SET(?!\s+CONSTRAINTS))\b", re.IGNORECASE
)
_OUTSIDE = re.compile(
    r"\s*(VACUUM|CLUSTER|REINDEX|ALTER\s+SYSTEM|(CREATE|DROP)\s+(DATABASE|TABLESPACE)"
    r"|CREATE\s+(UNIQUE\s+)?INDEX\s+CONCURRENTLY|DROP\s+INDEX\s+CONCURRENTLY|ALTER\s+TABLE\b.*\bCONCURRENTLY)\b",
    re.IGNORECASE | re.DOTALL,
)
_CATALOG = re.compile(
    r"\s*(SELECT|WITH)\b.*\b(pg_\w+|to_regclass|django_migrations|django_content_type)\b", re.IGNORECASE | re.DOTALL
)
_ROLLBACK = re.compile(r"\s*ROLLBACK\s*;?\s*$", re.IGNORECASE)
_EMPTIES = re.compile(r"\s*TRUNCATE\b", re.IGNORECASE)
_NOT_IN_A_TRANSACTION = "25001"
_TABLES = ("r", "p", "m", "v")

Execute = Callable[[Any, Any, bool, dict[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class Place:
    """What the statements belong to right now."""

    migration: str
    operation: int | None = None
    step: str = ""
    lane: str = ""


class Recorder:
    """An execute wrapper for one connection. Statements are noted while ``place`` is set."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        self.place: Place | None = None
        self.statements: list[TracedStatement] = []
        self.untraced: list[str] = []
        self.known = self._look()
        schema = fetch(connection, "SELECT current_schema()")[0][0]
        tables = [r for r in self.known.values() if r.kind in _TABLES and not r.name.startswith(BOOKS)]
        self.original = {r.oid: Name(r.schema, r.name) for r in tables}
        self.names = {r.oid: r.name if r.schema == schema else f"{r.schema}.{r.name}" for r in tables}
        self._heard: list[Sample] = []
        self._listens_to: Any = None

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Note the statements of the connection inside the block."""
        with self.connection.execute_wrapper(self):
            try:
                yield
            finally:
                self.place = None

    # --- one message to the server -----------------------------------------------------------------------------

    def __call__(self, execute: Execute, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        text = sql.as_string(None) if isinstance(sql, Composable) else str(sql)
        raw: Any = self.connection.connection

        def run(other: str | None = None) -> Any:
            return execute(sql if other is None else other, params, many, context)

        if self.place is None or getattr(context["cursor"].cursor, "name", None):
            return run()
        if _ROLLBACK.match(text) and self._heard:
            self._forget(self._heard[-1].transaction)
        parts = [text] if params is not None or many else split(text)
        if all(map(_is_ours, parts)) or raw.info.transaction_status == TransactionStatus.INERROR:
            return run()
        if raw.info.transaction_status != TransactionStatus.IDLE or not raw.autocommit:
            return self._inside(run, parts)
        if _CATALOG.match(text):
            return run()
        if any(map(_CONTROL.match, parts)):
            return self._inside(run, parts)
        return self._outside(run, text) if _OUTSIDE.match(text) else self._wrapped(run, parts)

    def _inside(self, run: Callable[..., Any], parts: list[str]) -> Any:
        """Statements in a transaction that is open, or that they open themselves."""
        raw: Any = self.connection.connection
        before = self._sample()
        if len(parts) == 1:
            result = run()
            if raw.info.transaction_status == TransactionStatus.INTRANS:
                self._note(parts[0], before, self._sample())
            return result
        return self._script(run, parts, before)

    def _script(self, run: Callable[..., Any], parts: list[str], before: Sample) -> Any:
        """Several statements in one message: a sample goes behind each of them."""
        told = [not _is_ours(part) for part in parts]
        pieces = [
            piece for part, tell in zip(parts, told, strict=True) for piece in ([part, SAMPLE] if tell else [part])
        ]
        heard = len(self._heard)
        result = run(";\n".join(pieces))
        samples = self._heard[heard:]
        for part, after in zip(compress(parts, told), samples, strict=False):
            self._note(part, before, after)
            before = after
        return result

    def _wrapped(self, run: Callable[..., Any], parts: list[str]) -> Any:
        """Statements that commit by themselves: in a transaction for the sake of the sample."""
        raw: Any = self.connection.connection
        raw.execute("BEGIN")
        try:
            result = self._inside(run, parts)
            raw.execute("COMMIT")
        except BaseException as error:
            raw.execute("ROLLBACK")
            if isinstance(error, DatabaseError) and sqlstate(error) == _NOT_IN_A_TRANSACTION:
                return self._outside(run, ";\n".join(parts))
            raise
        return result

    def _outside(self, run: Callable[..., Any], text: str) -> Any:
        """A statement that no transaction can hold: stopped for a moment by a lock, and looked at from outside."""
        tables = [relation for relation in self._look().values() if relation.kind in ("r", "p")]
        started = time.monotonic()
        with Doorstop(self.connection, tables) as doorstop:
            result = run()
        duration = (time.monotonic() - started) * 1000
        raw: Any = self.connection.connection
        timeout = raw.execute("SELECT extract(epoch FROM current_setting('lock_timeout')::interval) * 1000").fetchone()
        if not doorstop.locks:
            assert self.place is not None
            self.untraced.append(f"{self.place.migration}: no lock was seen of: {text}")
        last = Sample(0, 0, float(timeout[0]), f"alone {len(self.statements)}", doorstop.locks, self._look())
        nothing = Sample(0, 0, 0, last.transaction, {}, {})
        self._note(text, nothing, last, duration_ms=duration)
        return result

    # --- samples -----------------------------------------------------------------------------------------------

    def _sample(self) -> Sample:
        raw: Any = self.connection.connection
        if raw is not self._listens_to:
            raw.add_notice_handler(self._hear)
            self._listens_to = raw
        raw.cursor().execute(SAMPLE)
        return self._heard[-1]

    def _hear(self, diagnostic: Any) -> None:
        if sample := read_sample(diagnostic.message_primary or ""):
            self._heard.append(sample)

    def _look(self) -> dict[int, Relation]:
        return read_relations(json.loads(fetch(self.connection, RELATIONS)[0][0] or "[]"))

    # --- notes -------------------------------------------------------------------------------------------------

    def _forget(self, transaction: str) -> None:
        """A transaction that was rolled back did nothing."""
        self.statements = [one for one in self.statements if one.transaction != transaction]

    def _note(self, sql: str, before: Sample, after: Sample, *, duration_ms: float | None = None) -> None:
        assert self.place is not None
        found = TracedStatement(
            self.place.migration,
            self.place.operation,
            self.place.step,
            self.place.lane,
            sql.strip(),
            after.transaction,
            round((after.began - before.ended) * 1000 if duration_ms is None else duration_ms, 3),
            after.timeout_ms,
            locks=self._named(
                {oid: mode for oid, mode in after.locks.items() if _stronger(mode, before.locks.get(oid))}
            ),
            held=self._named(after.locks),
        )
        self._note_work(found, before, after)
        self.known.update(after.relations)
        same = self.statements[-1] if self.statements else None
        if same and same.sql == found.sql and same.transaction == found.transaction and not found.locks:
            _add(same, found)
        else:
            self.statements.append(found)

    def _note_work(self, found: TracedStatement, before: Sample, after: Sample) -> None:
        if _EMPTIES.match(found.sql):  # its new files are empty, and so is what it builds and reads
            return
        for oid, now in after.relations.items():
            earlier, then = before.relations.get(oid), self.known.get(oid)
            if oid in self.names and now.kind in ("r", "m"):
                if (scans := now.scans - (earlier.scans if earlier else 0)) > 0 and before.ended:
                    found.scanned[self.names[oid]] = now.read - (earlier.read if earlier else 0) if scans else 0
                if (rows := now.written - (earlier.written if earlier else 0)) > 0 and before.ended:
                    found.written[self.names[oid]] = rows
                if then and then.file != now.file:
                    found.rewritten.append(self.names[oid])
            elif now.kind == "i" and now.table in self.names and (then is None or then.file != now.file):
                found.built[now.name] = self.names[now.table]
            elif oid not in self.names and now.kind in _TABLES and then is None:
                found.made.append(now.name)

    def _named(self, locks: dict[int, str]) -> dict[str, str]:
        return {self.names[oid]: mode for oid, mode in sorted(locks.items()) if oid in self.names}


def _is_ours(part: str) -> bool:
    """Whether a statement only controls the transaction, or keeps the engine's books."""
    return bool(_CONTROL.match(part) or _BOOKS.search(part))


def _stronger(mode: str, than: str | None) -> bool:
    return than is None or MODES.index(mode) > MODES.index(than)


def _add(one: TracedStatement, more: TracedStatement) -> None:
    one.times += 1
    one.duration_ms = round(one.duration_ms + more.duration_ms, 3)
    for mine, other in ((one.scanned, more.scanned), (one.written, more.written)):
        for table, rows in other.items():
            mine[table] = mine.get(table, 0) + rows

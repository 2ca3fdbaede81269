"""Typed runtime settings: declared in the code that uses them, changed by staff while the system runs.

A module declares a setting once and reads it where it needs it::

    DEPOSIT_PERCENT = declare(
        "deposits.percent",
        decimal_number(0, 100, "percent"),
        default=Decimal(20),
        description="Deposit in percent of the booking's total.",
    )
    ...
    share = DEPOSIT_PERCENT.value()  # a Decimal

The values are stored outside of ``core``: the app that owns the table registers a ``SettingStore`` when Django starts.
Without a store, and for a key without a stored value, ``value()`` returns the default.

**When a change is seen.** The first ``value()`` of a transaction reads all stored values with one query; the transaction
keeps them until it ends, so that two reads in one transaction never disagree. The next transaction reads again, in every
process: nothing is cached between transactions. Outside of a transaction each ``value()`` runs one query; read several
settings inside ``transaction.atomic()`` to read them together. A store calls ``forget`` when it changes a value, so that
the transaction that makes a change sees it.

These are not Django's settings: the deployment sets those in the environment, and they do not change at run time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from core.errors import SettingDeclaredTwice, SettingInvalid
from core.setting_types import SettingType


class SettingStore(Protocol):
    """A store of the values of settings."""

    def alias(self) -> str:
        """Return the alias of the database that holds the values; transactions on it are those that count."""
        ...

    def texts(self) -> Mapping[str, str]:
        """Return the stored text of each key, with one query."""
        ...


@dataclass(frozen=True)
class Setting[T]:
    """A declared setting. Create it with ``declare``."""

    key: str
    type: SettingType[T]
    default: T
    description: str

    @property
    def default_text(self) -> str:
        """The default as it would be stored."""
        return self.type.format(self.default)

    def value(self) -> T:
        """Return the stored value, or the default if none is stored.

        Raises ``SettingInvalid`` if the stored text is not an allowed value.
        """
        snapshot = _snapshot()
        if self.key not in snapshot.texts:
            return self.default
        if self.key not in snapshot.values:
            stored = snapshot.texts[self.key]
            try:
                snapshot.values[self.key] = self.type.parse(stored)
            except ValueError as error:
                raise SettingInvalid(self.key, stored, str(error), self.default_text) from None
        value: T = snapshot.values[self.key]
        return value


@dataclass(eq=False)
class _Snapshot:
    """The values that one transaction sees. ``transaction`` is the marker of that transaction."""

    texts: Mapping[str, str]
    transaction: object = None
    values: dict[str, Any] = field(default_factory=dict)


_declared: dict[str, Setting[Any]] = {}
_stores: list[SettingStore] = []
_snapshots: WeakKeyDictionary[BaseDatabaseWrapper, _Snapshot] = WeakKeyDictionary()


def declare[T](key: str, type: SettingType[T], *, default: T, description: str) -> Setting[T]:  # noqa: A002
    """Declare a setting. Raises ``SettingDeclaredTwice`` for a key that is declared already.

    The module that declares it must be imported when Django starts (``AppConfig.ready``), so that the admin knows it.
    """
    if key in _declared:
        raise SettingDeclaredTwice(key)
    setting = Setting(key, type, default, description)
    type.parse(setting.default_text)
    _declared[key] = setting
    return setting


def declared(key: str) -> Setting[Any] | None:
    """Return the setting with this key, or None if no code declares it."""
    return _declared.get(key)


def all_declared() -> list[Setting[Any]]:
    """Return all declared settings, ordered by key."""
    return [_declared[key] for key in sorted(_declared)]


def register_store(store: SettingStore | None) -> SettingStore | None:
    """Make ``store`` the source of all values; None removes the present one. Return the store that it replaces."""
    before = _stores.pop() if _stores else None
    if store is not None:
        _stores.append(store)
    _snapshots.clear()
    return before


def forget() -> None:
    """Make the present transaction read the stored values again at the next ``value()``."""
    if _stores:
        _snapshots.pop(connections[_stores[0].alias()], None)


def _snapshot() -> _Snapshot:
    if not _stores:
        return _Snapshot({})
    store = _stores[0]
    connection = connections[store.alias()]
    marker = _transaction_marker(connection)
    known = _snapshots.get(connection)
    if known is not None and marker is not None and known.transaction is marker:
        return known
    snapshot = _Snapshot(store.texts(), marker)
    if marker is not None:
        _snapshots[connection] = snapshot
    return snapshot


def _transaction_marker(connection: BaseDatabaseWrapper) -> object | None:
    """Return an object that identifies the present transaction of a connection; None outside of one.

    Django replaces the list ``run_on_commit`` when a transaction commits, when it rolls back, when a savepoint rolls
    back and when the connection is opened. The identity of the list therefore tells transactions apart, without a query
    and without a callback that a test of commit callbacks would count. With autocommit off, Django does not see where a
    transaction ends, so there is no marker.
    """
    if connection.in_atomic_block and connection.commit_on_exit:
        return connection.run_on_commit
    return None

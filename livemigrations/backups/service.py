"""The Python interface of backups, part of ``livemigrations.MigrationService``."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django.db import DEFAULT_DB_ALIAS, connections

from livemigrations.backups.creation import How, create
from livemigrations.backups.manifest import Backup
from livemigrations.backups.pruning import prune
from livemigrations.backups.restoration import Restoration, Wish, restore_backup
from livemigrations.backups.shelf import Shelf
from livemigrations.backups.verification import verify
from livemigrations.engine.pooler import direct
from livemigrations.pgtools.addresses import database_name


class BackupService:
    """Backs one database up and puts backups back. ``using`` is the alias; every method has an async twin."""

    using: str = DEFAULT_DB_ALIAS

    def backup(self, name: str | None = None, *, how: How | None = None) -> Backup:
        """Make a backup. Raises ``errors.BackupFailed``; nothing half done is left."""
        with direct(connections[self.using]) as connection:
            return create(connection, name, how)

    def backups(self) -> list[Backup]:
        """The backups of the database, newest first."""
        return Shelf().backups(database_name(connections[self.using]))

    def verify_backup(self, name: str = "latest") -> Backup:
        """Restore a backup into a scratch database and compare; the outcome is in ``verified``."""
        with direct(connections[self.using]) as connection:
            return verify(connection, self._find(name))

    def restore_backup(self, name: str, wish: Wish | None = None) -> Restoration:
        """Put a backup in the place of the database, without asking unless ``wish.confirm`` does.

        Raises ``errors.RestoreRefused``, among others while the database is in use; it is as it was then.
        """
        return restore_backup(connections[self.using], self._find(name), wish)

    def prune_backups(
        self, *, keep: int | None = None, older_than_days: float | None = None, dry_run: bool = False
    ) -> list[Backup]:
        """Remove old backups of the database; return those removed, or with ``dry_run`` those that would be.

        Raises ``ValueError`` without ``keep`` and ``older_than_days``.
        """
        if keep is None and older_than_days is None:
            raise ValueError("prune_backups needs keep or older_than_days. Nothing was removed.")
        database = database_name(connections[self.using])
        return prune(database, keep=keep, older_than_days=older_than_days, dry_run=dry_run)[0]

    def _find(self, name: str) -> Backup:
        return Shelf().find(name, database_name(connections[self.using]))

    async def abackup(self, *args: Any, **options: Any) -> Backup:
        """``backup``, awaited in a thread."""
        return await sync_to_async(self.backup)(*args, **options)

    async def abackups(self) -> list[Backup]:
        """``backups``, awaited in a thread."""
        return await sync_to_async(self.backups)()

    async def averify_backup(self, *args: Any, **options: Any) -> Backup:
        """``verify_backup``, awaited in a thread."""
        return await sync_to_async(self.verify_backup)(*args, **options)

    async def arestore_backup(self, *args: Any, **options: Any) -> Restoration:
        """``restore_backup``, awaited in a thread."""
        return await sync_to_async(self.restore_backup)(*args, **options)

    async def aprune_backups(self, **options: Any) -> list[Backup]:
        """``prune_backups``, awaited in a thread."""
        return await sync_to_async(self.prune_backups)(**options)

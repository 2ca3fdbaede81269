"""Removing old backups: which ones may go."""

from __future__ import annotations

from collections.abc import Sequence

from livemigrations.backups.manifest import Backup
from livemigrations.backups.shelf import Shelf

_DAY_S = 86400.0


def doomed(backups: Sequence[Backup], *, keep: int | None = None, older_than_days: float | None = None) -> list[Backup]:
    """Those of one database's backups, given newest first, that may go.

    ``keep`` spares the newest ones, ``older_than_days`` those that are younger; both given, a backup goes only if
    both let it. The newest backup and the newest that was verified are always spared.
    """
    proven = next((backup for backup in backups if backup.verified and backup.verified.ok), None)
    spared = [*backups[:1], *([proven] if proven else [])]
    found = []
    for place, backup in enumerate(backups):
        many = keep is not None and place < keep
        young = older_than_days is not None and backup.age_s <= older_than_days * _DAY_S
        if not (many or young or backup in spared):
            found.append(backup)
    return found


def prune(
    database: str, *, keep: int | None = None, older_than_days: float | None = None, dry_run: bool = False
) -> tuple[list[Backup], list[Backup]]:
    """Remove the old backups of a database; return those removed, and those left because strange files are in them.

    With ``dry_run`` nothing is removed and the first list says what would be.
    """
    shelf = Shelf()
    found = doomed(shelf.backups(database), keep=keep, older_than_days=older_than_days)
    if dry_run:
        return found, []
    shelf.sweep()
    gone = [backup for backup in found if shelf.remove(backup)]
    return gone, [backup for backup in found if backup not in gone]

"""Removing old backups: which ones may go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from livemigrations.backups.manifest import Backup
from livemigrations.backups.shelf import Shelf

_DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class Left:
    """A backup that should have gone, by its name, and why it is still there."""

    name: str
    why: str


def doomed(backups: Sequence[Backup], *, keep: int | None = None, older_than_days: float | None = None) -> list[Backup]:
    """Those of one database's backups, given newest first, that may go.

    ``keep`` spares the newest ones that are whole, ``older_than_days`` those that are younger; both given, a backup
    goes only if both let it. The newest that is whole and the newest that was verified are always spared.
    """
    whole = [backup for backup in backups if not backup.problem]
    proven = [backup for backup in whole if backup.verified and backup.verified.ok]
    spared = [*(whole or backups)[:1], *proven[:1]]
    found = []
    for backup in backups:
        many = keep is not None and backup in (whole or backups)[:keep]
        young = older_than_days is not None and backup.age_s <= older_than_days * _DAY_S
        if not (many or young or backup in spared):
            found.append(backup)
    return found


def prune(
    database: str,
    *,
    keep: int | None = None,
    older_than_days: float | None = None,
    dry_run: bool = False,
    made: Backup | None = None,
) -> tuple[list[Backup], list[Left]]:
    """Remove the old backups of a database; return those removed, and those that should go and were left.

    With ``dry_run`` nothing is removed and the first list says what would be. ``made`` was made just now and counts as
    the newest, whatever the clock said.
    """
    shelf = Shelf()
    there = shelf.backups(database)
    if made is not None:
        there = [made, *(backup for backup in there if backup.name != made.name)]
    found = doomed(there, keep=keep, older_than_days=older_than_days)
    if dry_run:
        return found, []
    shelf.sweep()
    outcome = [(backup, shelf.remove(backup)) for backup in found]
    gone = [backup for backup, why in outcome if not why]
    return gone, [Left(backup.name, why) for backup, why in outcome if why]

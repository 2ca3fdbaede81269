"""What a restore would lose: how a database differs from its backup now."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.backups.creation import Meter
from livemigrations.backups.manifest import Backup
from livemigrations.backups.telling import Telling
from livemigrations.backups.verification import recounted


@dataclass(frozen=True, slots=True)
class Loss:
    """A table that is not as in the backup: its rows there and now; None where it does not exist."""

    table: str
    then: int | None
    now: int | None

    def __str__(self) -> str:
        if self.now is None:
            return f"{self.table}: not there now, {self.then:,} rows in the backup"
        if self.then is None:
            return f"{self.table}: {self.now:,} rows now, not part of the backup"
        if self.then == self.now:
            return f"{self.table}: {self.now:,} rows in both, but not the same"
        return f"{self.table}: {self.now:,} rows now, {self.then:,} in the backup"


def losses(database: BaseDatabaseWrapper, backup: Backup, telling: Telling) -> list[Loss]:
    """The tables that are not as in the backup; what was written to them since then would be gone."""
    telling.stage(f"Comparing {backup.database} with the backup")
    meter = Meter({name: max(total.rows, 1) for name, total in backup.tables.items()}, telling)
    now, then = recounted(database, backup, meter), backup.tables
    return [
        Loss(
            name.plain,
            then[name].rows if name in then else None,
            now[name].rows if name in now else None,
        )
        for name in sorted({*then, *now})
        if not (name in then and then[name].is_like(now.get(name)))
    ]

"""``backup restore``: puts a backup in the place of the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, ClassVar

from django.core.management.base import CommandParser
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.backups.losses import Loss
from livemigrations.backups.restoration import Wish, restore_backup
from livemigrations.backups.shelf import Shelf
from livemigrations.backups.telling import Telling, telling_for, told
from livemigrations.backups.verification import JOBS
from livemigrations.errors import RestoreRefused
from livemigrations.management.arguments import count
from livemigrations.management.subcommands import Subcommand
from livemigrations.pgtools.addresses import database_name

_SHOWN = 20


class Command(Subcommand):
    """Restores a backup."""

    help = "Put a backup in the place of the database, which is kept under another name."
    description = """
        Put a backup in the place of the database. It is restored into a new database beside it, compared with its
        checksums, and then both are renamed in one transaction. Until that moment the database is as it is, also when
        this is killed; afterwards the old one stands beside it as NAME_before_restore_TIME.

        What would be lost is shown first. A database in use is refused, with the sessions in it.

          manage.py backup restore latest
          manage.py backup restore shop-20261121-074500 --disconnect --no-input
          manage.py backup restore latest --to shop_copy
    """
    exit_codes: ClassVar = {
        0: "restored",
        1: "refused or failed; the database is as it was",
        2: "wrong usage",
    }
    interrupted = "The database is as it was; what was restored beside it is dropped."
    keeps_session: ClassVar = True
    needs_database = False

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        parser.add_argument("name", help="Name of the backup, or latest.")
        parser.add_argument("--to", metavar="DATABASE", help="Restore to this database (made if it is not there).")
        parser.add_argument("--disconnect", action="store_true", help="End the sessions in the database at the swap.")
        parser.add_argument("--drop-old", action="store_true", help="Drop the database as it was, after the swap.")
        parser.add_argument("--jobs", type=count, default=JOBS, metavar="N", help=f"Processes (default: {JOBS}).")
        parser.add_argument(
            "--skip-room-check", action="store_true", help="Try it even where the server's disk seems too small."
        )
        parser.add_argument(
            "--no-input", "--noinput", action="store_false", dest="interactive", help="Do not ask; lose what is lost."
        )

    def run(self, connection: BaseDatabaseWrapper, options: dict[str, Any]) -> int:
        backup = Shelf().find(options["name"], database_name(connection))
        with told(telling_for(self.stdout, 0 if options["as_json"] else options["verbosity"])) as telling:
            wish = Wish(
                to=options["to"],
                disconnect=options["disconnect"],
                drop_old=options["drop_old"],
                jobs=options["jobs"],
                check_room=not options["skip_room_check"],
                confirm=self._confirm(telling) if options["interactive"] else None,
            )
            done = restore_backup(connection, backup, wish, telling)
        if options["as_json"]:
            self.json(asdict(done))
            return 0
        self.line(f"Restored {done.database} from {done.backup}, of {backup.created_at}, in {done.duration_s:,.1f} s.")
        if done.kept_as:
            self.line(f"The database as it was is {done.kept_as}: DROP DATABASE it when it is no longer needed.")
        for note in done.notes:
            self.line(self.style.WARNING(f"Note: {note}"))
        return 0

    def _confirm(self, telling: Telling) -> Callable[[str, list[Loss]], bool]:
        def confirm(database: str, losses: list[Loss]) -> bool:
            if not self.at_terminal:
                raise RestoreRefused(
                    f"Restoring replaces {database}, and there is no terminal to ask. {_summary(losses)} Nothing was"
                    " changed. Remedy: restore with --no-input if that may go."
                )
            telling.end()
            self.stderr.write(f"Restoring replaces {database}. {_summary(losses)}")
            for loss in losses[:_SHOWN]:
                self.stderr.write(f"  {loss}")
            if len(losses) > _SHOWN:
                self.stderr.write(f"  and {len(losses) - _SHOWN} more")
            return self.ask(f"Type the name of the database ({database}) to go on: ") == database

        return confirm


def _summary(losses: list[Loss]) -> str:
    if not losses:
        return "All of its rows are as in the backup."
    return f"{len(losses)} of its tables are not as in the backup; what was written since would be gone."

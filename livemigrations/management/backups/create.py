"""``backup create``: a dump with row counts and checksums of the same moment."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.management.base import CommandError, CommandParser
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.backups.creation import How, create
from livemigrations.backups.pruning import prune
from livemigrations.backups.telling import size, telling_for, told
from livemigrations.management.arguments import count
from livemigrations.management.subcommands import Subcommand


class Command(Subcommand):
    """Backs up the database."""

    help = "Back up the database; nobody who reads or writes waits for it."
    description = """
        Back up the database with pg_dump, in the custom format or as a directory of files that several processes write.
        Row counts and a checksum of every table are taken in the snapshot that is dumped, so that `backup verify` can
        prove the backup later. It appears under its name when it is complete, and not before.

          manage.py backup create
          manage.py backup create --name before-the-big-one
          manage.py backup create --format directory --jobs 4 --keep 7
    """
    exit_codes: ClassVar = {
        0: "the backup is complete",
        1: "no backup was made; the message says why, nothing half done is left",
        2: "wrong usage",
    }
    interrupted = "Nothing of the backup is left, and the database was only read."
    keeps_session: ClassVar = True

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        parser.add_argument("--name", help="Name of the backup (default: the database's and the time).")
        parser.add_argument(
            "--format", choices=["custom", "directory"], default="custom", dest="dump_format", help="pg_dump's format."
        )
        parser.add_argument("--jobs", type=count, default=1, metavar="N", help="Processes; directory format only.")
        parser.add_argument("--keep", type=count, metavar="N", help="Afterwards prune all but the newest N.")
        parser.add_argument(
            "--skip-room-check", action="store_true", help="Try it even where the disk seems too small."
        )

    def run(self, connection: BaseDatabaseWrapper, options: dict[str, Any]) -> int:
        if options["jobs"] > 1 and options["dump_format"] != "directory":
            raise CommandError("--jobs needs --format directory: one file is written by one process.", returncode=2)
        how = How(options["dump_format"], options["jobs"], not options["skip_room_check"])
        with told(telling_for(self.stdout, 0 if options["as_json"] else options["verbosity"])) as telling:
            backup = create(connection, options["name"], how, telling)
        self.interrupted = f"The backup {backup.name} is complete; some of those to be pruned may still be there."
        gone, left = prune(backup.database, keep=options["keep"], made=backup) if options["keep"] else ([], [])
        if options["as_json"]:
            done = {"pruned": [one.name for one in gone], "left": [one.name for one in left]}
            self.json({**backup.to_json(), "folder": str(backup.folder), **done})
        elif options["verbosity"]:
            self.line(
                f"Backed up {backup.database} as {backup.name}: {size(backup.size_bytes)}, {backup.rows:,} rows in"
                f" {len(backup.tables)} tables, at {backup.revision or 'no migration'}, in {backup.duration_s:,.1f} s."
            )
            self.line(f"  {backup.folder}")
            for one in gone:
                self.line(f"Pruned {one.name}.")
            for other in left:
                self.line(f"Left {other.name}: {other.why}.")
        return 0

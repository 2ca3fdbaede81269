"""``backup verify``: proves a backup by restoring it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar

from django.core.management.base import CommandParser
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.backups.shelf import Shelf
from livemigrations.backups.telling import telling_for, told
from livemigrations.backups.verification import JOBS, verify
from livemigrations.management.arguments import count
from livemigrations.management.subcommands import Subcommand
from livemigrations.pgtools.addresses import database_name


class Command(Subcommand):
    """Verifies a backup."""

    help = "Prove a backup: restore it into a scratch database and compare every table."
    description = """
        Prove a backup: its files are what was written, it restores into a scratch database, and there every table has
        the rows and the checksum that it had when it was dumped, under the same schema. The outcome is kept with the
        backup; the database itself is not touched.

          manage.py backup verify
          manage.py backup verify shop-20261121-074500 --jobs 8
    """
    exit_codes: ClassVar = {
        0: "the backup is good",
        1: "it is not, or could not be checked; the message says why",
        2: "wrong usage",
    }
    interrupted = "The scratch database is dropped; the backup is as it was, and counts as not verified by this."
    keeps_session: ClassVar = True

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", default="latest", help="Name of the backup, or latest.")
        parser.add_argument("--jobs", type=count, default=JOBS, metavar="N", help=f"Processes (default: {JOBS}).")
        parser.add_argument(
            "--skip-room-check", action="store_true", help="Try it even where the server's disk seems too small."
        )

    def run(self, connection: BaseDatabaseWrapper, options: dict[str, Any]) -> int:
        backup = Shelf().find(options["name"], database_name(connection))
        with told(telling_for(self.stdout, 0 if options["as_json"] else options["verbosity"])) as telling:
            room = not options["skip_room_check"]
            checked = verify(connection, backup, jobs=options["jobs"], telling=telling, check_room=room)
        assert checked.verified is not None
        if options["as_json"]:
            self.json(
                {"name": checked.name, "tables": len(checked.tables), "rows": checked.rows, **asdict(checked.verified)}
            )
        elif checked.verified.ok:
            self.line(
                f"{checked.name} is good: {checked.rows:,} rows in {len(checked.tables)} tables, restored and compared"
                f" in {checked.verified.duration_s:,.1f} s."
            )
            for note in checked.verified.notes:
                self.line(self.style.WARNING(f"Note: {note}"))
        else:
            self.stderr.write(f"{checked.name} is BROKEN:")
            for problem in checked.verified.problems:
                self.stderr.write(f"  {problem}")
            self.stderr.write(
                "Remedy: look after what is said here, or after the disk that it lies on; then make a new backup."
            )
        return 0 if checked.verified.ok else 1

"""``backup prune``: removes old backups."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.management.base import CommandError, CommandParser
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.backups.pruning import prune
from livemigrations.backups.telling import age, size
from livemigrations.management.arguments import count, days
from livemigrations.management.subcommands import Subcommand
from livemigrations.pgtools.addresses import database_name


class Command(Subcommand):
    """Prunes backups."""

    help = "Remove old backups of the database; never the newest, nor the newest that was verified."
    description = """
        Remove old backups of the database. --keep spares the newest N that are not broken, --older-than those that are
        younger; both given, a backup goes only if both let it. The newest one and the newest that was verified stay in
        any case, and so does a folder with files in it that no backup wrote, a link, and one that somebody restores
        from.

          manage.py backup prune --keep 7
          manage.py backup prune --keep 7 --older-than 30 --dry-run
    """
    exit_codes: ClassVar = {
        0: "pruned, or nothing to prune",
        1: "a backup that should go was left; the message says why",
        2: "wrong usage",
    }
    interrupted = "Backups are removed one by one: some of those meant may still be there."
    needs_database = False

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        parser.add_argument("--keep", type=count, metavar="N", help="Spare the newest N.")
        parser.add_argument("--older-than", type=days, metavar="DAYS", help="Spare those that are younger.")
        parser.add_argument("--dry-run", action="store_true", help="Only say what would be removed.")

    def run(self, connection: BaseDatabaseWrapper, options: dict[str, Any]) -> int:
        keep, older = options["keep"], options["older_than"]
        if keep is None and older is None:
            raise CommandError("Say which ones: --keep N, --older-than DAYS, or both.", returncode=2)
        gone, left = prune(database_name(connection), keep=keep, older_than_days=older, dry_run=options["dry_run"])
        if options["as_json"]:
            self.json({
                "removed": [one.name for one in gone],
                "left": [one.name for one in left],
                "dry_run": options["dry_run"],
            })  # fmt: skip
        else:
            word = "Would remove" if options["dry_run"] else "Removed"
            for one in gone:
                self.line(f"{word} {one.name}, {size(one.size_bytes)}, {age(one.age_s)} old.")
            for other in left:
                self.line(f"Left {other.name}: {other.why}.")
            if not (gone or left):
                self.line("Nothing to prune.")
        return 1 if left else 0

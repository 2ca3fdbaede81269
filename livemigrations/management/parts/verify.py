"""``migrations verify``: is the database sound?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from django.core.management.base import CommandParser
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.inspection.soundness.findings import Severity, Verification
from livemigrations.inspection.soundness.verify import PARTS, verify
from livemigrations.management.arguments import file
from livemigrations.management.subcommands import Subcommand
from livemigrations.management.watching import watching


class Command(Subcommand):
    """Checks keys, constraints, indexes, sequences and rows."""

    help = "Whether the database is sound: keys that hold, whole indexes, sequences ahead, rows as before."
    description = """
        Looks whether the database is sound. Everything is read, nothing is written; each question is a transaction of
        its own under ACCESS SHARE, so that nobody is stopped, however large the tables are.

          keys         every foreign key really holds: rows that refer to nothing are counted, also behind keys that
                       are NOT VALID or whose triggers were switched off
          constraints  what is NOT VALID, with the rows that break it, and triggers that are switched off
          indexes      left invalid by a build that failed
          sequences    behind the greatest value of their column
          statistics   tables never analyzed, many dead rows (notes: they do not change the exit code)
          amcheck      B-trees against their tables and tables page by page, where the extension is installed

        Before and after a migration, with rows counted and a checksum of every column of every table:

          manage.py migrations verify --save before.json
          manage.py migrate
          manage.py migrations verify --before before.json

        Columns that are new or gone do not count. What traffic writes meanwhile does: compare while it is quiet.

          manage.py migrations verify --only keys --only indexes
          manage.py migrations verify --json | jq .findings
    """
    exit_codes: ClassVar = {0: "sound", 1: "problems, or something that could not be looked at", 2: "wrong usage"}

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        parser.add_argument(
            "--only", action="append", default=[], choices=list(PARTS), help="Only this check; may be repeated."
        )
        rows = parser.add_mutually_exclusive_group()
        rows.add_argument("--save", type=file, metavar="FILE", help="Write counts and checksums of all rows to a file.")
        rows.add_argument("--before", type=file, metavar="FILE", help="Compare all rows with such a file.")

    def run(self, connection: BaseDatabaseWrapper, options: dict[str, Any]) -> int:
        with watching(self.stdout, quiet=options["as_json"] or not options["verbosity"]) as tell:
            found = verify(connection, parts=options["only"], before=options["before"], save=options["save"], tell=tell)
        if options["as_json"]:
            self.json(found.to_json())
        else:
            for line in _lines(found, options["verbosity"]):
                self.line(line)
        return found.exit_code


def _lines(found: Verification, verbosity: int) -> Iterator[str]:
    for finding in found.findings:
        if finding.severity == Severity.NOTE and not verbosity:
            continue
        yield f"  {finding.severity:<8} {finding.object}: {finding.text}"
        if finding.remedy:
            yield f"           Remedy: {finding.remedy}"
    if not verbosity:
        return
    for part, count in found.looked.items():
        wrong = sum(f.part == part and f.severity != Severity.NOTE for f in found.findings)
        yield f"  {part:<13} {count:>5} looked at, {f'{wrong} not sound' if wrong else 'sound'}"
    for part, why in found.skipped.items():
        yield f"  {part:<13} not done: {why}"
    word = "not sound" if found.exit_code else "sound"
    yield f"Database {found.database}: {word}. Looked for {found.duration_s:.1f} s."

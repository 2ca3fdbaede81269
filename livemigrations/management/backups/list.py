"""``backup list``: what there is, and which of it is proved."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.management.base import CommandParser
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.backups.leftovers import Beside, beside_of
from livemigrations.backups.manifest import Backup
from livemigrations.backups.shelf import Broken, Shelf
from livemigrations.backups.telling import age, size
from livemigrations.management.subcommands import Subcommand
from livemigrations.pgtools.addresses import database_name


class Command(Subcommand):
    """Lists backups."""

    help = "The backups of the database, newest first, and which of them were verified."
    description = """
        The backups of the database, newest first: size, age, newest migration, when each was verified. Broken ones are
        flagged, and so are databases that a restore kept beside this one. What backups and restores that were killed
        left behind is removed.

          manage.py backup list
          manage.py backup list --all
          manage.py backup list --json | jq -r '.backups[0].name'
    """
    exit_codes: ClassVar = {
        0: "listed",
        1: "listed, and one of them is broken or failed its verification",
        2: "wrong usage",
    }
    needs_database = False

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="Also the backups of other databases in the folder.")

    def run(self, connection: BaseDatabaseWrapper, options: dict[str, Any]) -> int:
        shelf, database = Shelf(), database_name(connection)
        shelf.sweep()
        entries = shelf.entries(None if options["all"] else database)
        beside = beside_of(connection, database)
        broken = any(_problem(entry) for entry in entries)
        if options["as_json"]:
            self.json({
                "folder": str(shelf.folder),
                "database": database,
                "backups": [_to_json(entry) for entry in entries],
                "kept": [{"database": one.database, "size_bytes": one.size_bytes} for one in beside.kept],
                "swept": beside.swept,
            })  # fmt: skip
        else:
            for line in _lines(shelf, database, entries, beside):
                self.line(line)
        return int(broken)


def _problem(entry: Backup | Broken) -> str:
    return entry.why if isinstance(entry, Broken) else entry.problem


def _to_json(entry: Backup | Broken) -> dict[str, Any]:
    if isinstance(entry, Broken):
        return {"name": entry.name, "broken": entry.why}
    data = entry.to_json()
    keys = ("name", "database", "created_at", "size_bytes", "format", "server_version", "revision", "applied_count")
    return {
        **{key: data[key] for key in keys},
        "age_s": round(entry.age_s),
        "rows": entry.rows,
        "verified": data["verified"],
        "broken": _problem(entry) or None,
    }


def _lines(shelf: Shelf, database: str, entries: list[Backup | Broken], beside: Beside) -> list[str]:
    if not entries:
        lines = [f"There is no backup of {database} in {shelf.folder}. `manage.py backup create` makes one."]
    else:
        width = max(len(entry.name) for entry in entries)
        lines = [f"{'name':<{width}}  {'size':>9}  {'age':>7}  {'verified':<10}  revision"]
        lines += [_line(entry, width) for entry in entries]
    for one in beside.kept:
        lines.append(f"{one.database} is the database as it was before a restore, {size(one.size_bytes)}: DROP DATABASE it when it is no longer needed.")  # fmt: skip
    lines += [f"Dropped {name}, which a restore that was killed had left behind." for name in beside.swept]
    return lines


def _line(entry: Backup | Broken, width: int) -> str:
    problem = _problem(entry)
    if isinstance(entry, Broken):
        return f"{entry.name:<{width}}  BROKEN: {problem}"
    checked = f"{entry.verified.at[:10]}" if entry.verified else "never"
    line = (
        f"{entry.name:<{width}}  {size(entry.size_bytes):>9}  {age(entry.age_s):>7}  {checked:<10}"
        f"  {entry.revision or '(none)'}"
    )
    return f"{line}  BROKEN: {problem}" if problem else line

"""``manage.py schema_catalogue``: writes docs/schema.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, connections

from adminpanel.services.schema_catalogue import catalogue


class Command(BaseCommand):
    """Writes the catalogue, or compares it with the file."""

    help = "Writes the schema catalogue from the migrated database. With --check: exit code 1 if the file differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--output", type=Path, default=Path("docs/schema.md"), help="file to write (default: %(default)s)"
        )
        parser.add_argument("--check", action="store_true", help="compare the file with the database and write nothing")
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, choices=tuple(connections), help="database to read")

    def handle(self, *args: Any, **options: Any) -> None:
        text, output = catalogue(connections[options["database"]]), options["output"]
        if not options["check"]:
            output.write_text(text)
            self.stdout.write(f"Written: {output}")
        elif not output.is_file() or output.read_text() != text:
            raise CommandError(f"{output} does not match the database. To fix this, run manage.py schema_catalogue.")

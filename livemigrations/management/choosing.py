"""The words on the command line by which migrations are chosen."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from livemigrations.management.arguments import sprint


def add_choice(parser: CommandParser) -> None:
    """The words by which migrate chooses among the migrations."""
    parser.add_argument("app_label", nargs="?", help="Only what this app needs.")
    parser.add_argument("migration_name", nargs="?", help="Up (or back) to this migration; zero for none.")
    parser.add_argument("--sprint", type=sprint, metavar="N", help="To the end of sprint N, either way.")
    parser.add_argument("--stage", choices=("expand", "contract"), help="Only what this stage takes.")


def choice(options: dict[str, Any]) -> dict[str, Any]:
    """What was chosen, as keywords. Raises ``CommandError`` if an app and a sprint were named together."""
    if options["app_label"] and options["sprint"] is not None:
        raise CommandError("--sprint chooses by itself: leave the app label away.", returncode=2)
    return {name: options[name] for name in ("app_label", "migration_name", "sprint", "stage")}

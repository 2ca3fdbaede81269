"""``manage.py backup``: copies of the database that are known to be good, and the way back from them."""

from __future__ import annotations

from livemigrations.management.subcommands import CommandOfSubcommands


class Command(CommandOfSubcommands):
    """The subcommands around backups."""

    help = "Makes, lists, verifies, restores and prunes backups. Each subcommand has its own --help."
    package = "livemigrations.management.backups"
    parts = ("create", "list", "verify", "restore", "prune")

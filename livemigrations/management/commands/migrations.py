"""``manage.py migrations``: look before, look after, bring in what another tool made."""

from __future__ import annotations

from livemigrations.management.subcommands import CommandOfSubcommands


class Command(CommandOfSubcommands):
    """The subcommands around ``migrate``."""

    help = "Shows, reviews and adopts the migrations of a database. Each subcommand has its own --help."
    package = "livemigrations.management.parts"
    parts = ("status", "history", "kept", "plan", "trace", "lint", "adopt", "drift", "verify", "compatible")

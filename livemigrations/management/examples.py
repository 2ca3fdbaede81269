"""Examples below the help of commands that are Django's own."""

from __future__ import annotations

import textwrap

from django.core.management.base import CommandParser

from livemigrations.management.subcommands import HelpFormatter


def show_examples(parser: CommandParser, examples: str) -> None:
    """Put ``examples``, a line each, below the help, as they were written."""
    parser.formatter_class = HelpFormatter
    parser.description = textwrap.fill(parser.description or "", 110)
    parser.epilog = f"examples:\n{textwrap.indent(textwrap.dedent(examples).strip(), '  ')}"

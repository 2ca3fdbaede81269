"""Functions in the database whose text is a file in an app's folder ``sql``."""

from __future__ import annotations

import re
from pathlib import Path

from livemigrations.operations import CreateFunction

_HEADER = re.compile(r"^-- function: (\w+)\((.*)\)\n", re.MULTILINE)


def functions_in(path: Path) -> list[CreateFunction]:
    """Return one operation for each function in the file, in its order; the reverse drops them in reverse order.

    A line ``-- function: name(argument types)`` precedes each ``CREATE OR REPLACE FUNCTION`` statement. Comments
    between a statement and the next line of that kind belong to the file, not to the function.

    Example, in a migration::

        operations = functions_in(Path(__file__).parents[1] / "sql" / "money_v1.sql")
    """
    _, *pieces = _HEADER.split(path.read_text(encoding="utf-8"))
    found = []
    for name, arguments, text in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True):
        found.append(CreateFunction(name, sql=_statement(text), arguments=arguments))
    if not found:
        raise ValueError(f"{path} holds no function: a line '-- function: name(argument types)' has to precede each.")
    return found


def _statement(text: str) -> str:
    """The statement at the beginning of the text, without its semicolon and without the comments after it."""
    lines = text.rstrip().splitlines()
    while lines and (not lines[-1].strip() or lines[-1].startswith("--")):
        lines.pop()
    return "\n".join(lines).rstrip("; \n")

"""Operations as the code that one writes in a migration."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable

from django.db.migrations.operations.base import Operation
from django.db.migrations.writer import OperationWriter

from livemigrations.translation.parts import Parts, Stage

_OURS = re.compile(r"^(\s*)livemigrations\.operations\.\w+\.(?=[A-Z]\w*\()", re.MULTILINE)


def short_names(text: str) -> str:
    """Code that names the operations of this package, by ``live``."""
    return _OURS.sub(r"\1live.", text)


def code_of(operation: Operation) -> str:
    """One operation as code."""
    text, _ = OperationWriter(operation, indentation=0).serialize()
    return short_names(text)


def proposal(parts: Parts) -> str:
    """The parts as code, each under a line that says what it is."""
    lines: list[str] = []
    if parts and not parts[0].exact:
        lines += textwrap.wrap(parts[0].why, 100, initial_indent="# ", subsequent_indent="# ")
    for number, part in enumerate(parts, 1):
        when = "when the previous release is gone" if part.stage == Stage.CONTRACT else "at once"
        if len(parts) > 1:
            lines.append(f"# {number}. {part.work.value}, {when}:")
        lines += _codes(part.operations)
    return "\n".join(lines)


def _codes(operations: Iterable[Operation]) -> list[str]:
    return [code_of(operation) for operation in operations]

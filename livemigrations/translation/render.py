"""Operations as the code that one writes in a migration."""

from __future__ import annotations

import re
import textwrap
from importlib import import_module

from django.db import models
from django.db.migrations.operations.base import Operation
from django.db.migrations.writer import OperationWriter
from django.db.models import functions

from livemigrations.translation.parts import Parts, Stage

_OURS = re.compile(r"^(\s*)livemigrations\.operations\.\w+\.(?=[A-Z]\w*\()", re.MULTILINE)

_NAME_OR_TEXT = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|(?<![\w.])(?P<module>(?:\w+\.)+)(?P<name>\w+)""")
_ALWAYS_THERE = re.compile(r"from django\.db import (migrations|models)(, (migrations|models))*$")


def short_names(text: str) -> str:
    """Code that names the operations of this package, by ``live``."""
    return _OURS.sub(r"\1live.", text)


def proposal(parts: Parts) -> str:
    """The parts as code, each under a line that says what it is.

    ``migrations``, ``models`` and ``live`` are taken as imported; what else the code names is imported at its head.
    """
    lines: list[str] = []
    if parts and not parts[0].exact:
        lines += textwrap.wrap(parts[0].why, 100, initial_indent="# ", subsequent_indent="# ")
    imports: set[str] = set()
    codes: list[str] = []
    for number, part in enumerate(parts, 1):
        when = "when the previous release is gone" if part.stage == Stage.CONTRACT else "at once"
        if len(parts) > 1:
            codes.append(f"# {number}. {part.work.value}, {when}:")
        codes += [_code_of(operation, imports) for operation in part.operations]
    return "\n".join([*lines, *sorted(imports), *codes])


def _code_of(operation: Operation, imports: set[str]) -> str:
    """One operation as code; adds to ``imports`` the lines that it needs.

    The name of a migration's module begins with a digit, so no import statement can name it.
    """
    text, needed = OperationWriter(operation, indentation=0).serialize()
    modules = {line.removeprefix("import ") for line in needed if line.startswith("import ")}
    importable = {module for module in modules if all(part.isidentifier() for part in module.split("."))}

    def short(found: re.Match[str]) -> str:
        module, name = found["module"], found["name"]
        if module is None:
            return found[0]
        if (
            numbered := next((one for one in modules - importable if f"{module}.".startswith(f"{one}.")), None)
        ) is not None:
            alias = f"module_{re.sub(r'\W', '_', numbered.rpartition('.')[2])}"
            imports.update(("from importlib import import_module", f'{alias} = import_module("{numbered}")'))
            return f"{alias}{found[0].removeprefix(numbered)}"
        if module.rstrip(".") not in modules:
            return found[0]
        thing = getattr(import_module(module.rstrip(".")), name, None)
        if getattr(models, name, None) is thing:
            return f"models.{name}"
        if getattr(functions, name, None) is thing:
            imports.add(f"from django.db.models.functions import {name}")
            return str(name)
        return found[0]

    code = _NAME_OR_TEXT.sub(short, short_names(text))
    bare = _NAME_OR_TEXT.sub(lambda found: found[0] if found["module"] else "", code)
    imports |= {line for line in needed if line.startswith("from ") and not _ALWAYS_THERE.match(line)}
    imports |= {f"import {module}" for module in importable if re.search(rf"(?<![\w.]){re.escape(module)}\.", bare)}
    return code

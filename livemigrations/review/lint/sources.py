"""The files of migrations: where each operation stands, and which comments stand beside it."""

from __future__ import annotations

import ast
import os
import sys
import tokenize
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from django.db.migrations import Migration

from livemigrations.review.lint.findings import Place

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Source:
    """A migration's file. ``shown`` is its path from the folder that the command was started in."""

    path: Path | None
    shown: str
    text: str = ""
    tree: ast.Module = field(default_factory=lambda: ast.Module([], []))

    @property
    def lines(self) -> list[str]:
        """As Python counts them: a form feed or another separator of Unicode ends none."""
        return self.text.split("\n")

    def place(self, span: Span, around: Span | None = None) -> Place:
        """These lines of the file, as part of those ``around``."""
        return Place(self.shown, *span, *(around or span))

    @property
    def docstring(self) -> str:
        return ast.get_docstring(self.tree) or ""

    @property
    def head(self) -> Span:
        """The line of the class, for what concerns the migration as a whole."""
        node = self._class()
        return (node.lineno, node.lineno) if node else (1, 1)

    def attribute(self, name: str) -> Span:
        """The lines on which the class sets an attribute; those of the class if it does not."""
        found = self._assigned(name)
        return _span(found[0]) if found else self.head

    def operations(self, count: int) -> list[list[Span]]:
        """The lines of each operation, and behind them those of the operations inside of it.

        Where the list is computed, all stand where the list does.
        """
        for value in self._assigned("operations"):
            elements = _elements(value)
            if elements is not None and len(elements) == count:
                return [[_span(element), *_inner(element)] for element in elements]
        return [[self.attribute("operations")] for _ in range(count)]

    def narrowed(self, span: Span, names: tuple[str, ...]) -> Span:
        """The lines inside of an operation that make a field, an index or a constraint of one of these names."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Tuple | ast.Call) and span[0] < node.lineno <= span[1]:
                name = _named(node)
                if name is not None and name in names:
                    return _span(node)
        return span

    def _class(self) -> ast.ClassDef | None:
        found = (node for node in self.tree.body if isinstance(node, ast.ClassDef) and node.name == "Migration")
        return next(found, None)

    def _assigned(self, name: str) -> list[ast.expr]:
        """What the class sets an attribute to: several values where it decides between them."""
        found = []
        for line in ast.walk(node) if (node := self._class()) else ():
            if not isinstance(line, ast.Assign | ast.AnnAssign):
                continue
            targets = line.targets if isinstance(line, ast.Assign) else [line.target]
            if line.value and any(isinstance(target, ast.Name) and target.id == name for target in targets):
                found.append(line.value)
        return found


def _span(node: ast.expr) -> Span:
    return node.lineno, node.end_lineno or node.lineno


def _named(node: ast.expr) -> str | None:
    """The name that stands first in a tuple, or the keyword ``name`` of a call."""
    if isinstance(node, ast.Tuple):
        first = node.elts[0] if node.elts else None
    else:
        keywords = node.keywords if isinstance(node, ast.Call) else []
        first = next((keyword.value for keyword in keywords if keyword.arg == "name"), None)
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def _elements(node: ast.expr) -> list[ast.expr] | None:
    """The elements of a list that is written out, or of several that are added; None for anything else."""
    if isinstance(node, ast.List | ast.Tuple):
        return None if any(isinstance(part, ast.Starred) for part in node.elts) else list(node.elts)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _elements(node.left), _elements(node.right)
        return None if left is None or right is None else left + right
    return None


def _inner(node: ast.expr) -> list[Span]:
    """The lines of the database operations inside a SeparateDatabaseAndState."""
    if not isinstance(node, ast.Call):
        return []
    named = {keyword.arg: keyword.value for keyword in node.keywords}
    listed = named.get("database_operations") or (node.args[0] if node.args else None)
    elements = _elements(listed) if listed is not None else None
    return [_span(element) for element in elements or ()]


def source_of(migration: Migration) -> Source:
    """The file of a migration; an empty one if there is none to read."""
    module = sys.modules.get(type(migration).__module__)
    return read(getattr(module, "__file__", None) or "", type(migration).__module__)


def read(path: str, name: str = "") -> Source:
    """Read and parse a Python file."""
    file = Path(path)
    if not path or file.suffix != ".py" or not file.is_file():
        return Source(None, path or name)
    return _parsed(file, file.stat().st_mtime_ns)


@cache
def _parsed(file: Path, changed: int) -> Source:
    with tokenize.open(file) as opened:  # in the encoding that the file names
        text = opened.read()
    return Source(file, shown(file), text, ast.parse(text, filename=str(file)))


def shown(file: Path) -> str:
    """A path as seen from the working folder, with slashes, as long as it lies inside."""
    here = os.path.relpath(file)
    return file.as_posix() if here.startswith(os.pardir) else Path(here).as_posix()

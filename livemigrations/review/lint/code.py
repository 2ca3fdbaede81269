"""What the Python of a migration does, told from its source: the models that it asks for, and whose rows it changes."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db.models import Model

from livemigrations.review.lint.sources import Source, Span, read

Pair = tuple[str, str]
_CHANGES = {"update", "save", "delete", "bulk_update", "asave", "aupdate", "adelete", "update_or_create"}
_PASSES_ON = {"list", "set", "tuple", "sorted", "reversed", "iter", "enumerate"}
_SAME_MODEL = {
    "objects", "_default_manager", "_base_manager", "all", "filter", "exclude", "using", "order_by", "select_related",
    "prefetch_related", "iterator", "annotate", "only", "defer", "get", "first", "last", "distinct", "values",
    "values_list", "select_for_update", "in_bulk", "create", "get_or_create", "union", "earliest", "latest",
}  # fmt: skip


@dataclass(slots=True)
class Code:
    """A function and those of its module that it calls.

    ``changed`` are the (app, model) pairs whose rows it changes, ``unknown`` says that it changes others too,
    ``executes`` that it runs SQL. ``live`` are models of the code as it is now, with the lines that use them.
    """

    changed: set[Pair] = field(default_factory=set)
    unknown: bool = False
    executes: bool = False
    live: dict[str, Span] = field(default_factory=dict)
    source: Source | None = None

    @property
    def changes(self) -> bool:
        return bool(self.changed) or self.unknown


def code_of(function: Callable[..., Any]) -> Code:
    """Read a function. One whose source cannot be found may change anything."""
    function = inspect.unwrap(getattr(function, "func", function))
    module = sys.modules.get(getattr(function, "__module__", "") or "")
    found = Code(source=read(getattr(module, "__file__", None) or ""))
    assert found.source is not None
    known = {n.name: n for n in ast.walk(found.source.tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
    start = known.get(getattr(function, "__name__", ""))
    if module is None or start is None:
        found.unknown = True
        return found
    functions = _reached(start, known)
    asked = {pair for node in functions for pair in _asked(node, vars(module))}
    models: dict[str, set[Pair | None]] = {}  # of all of them together: an inner function sees the outer one's names
    readings = [_Reading(node, vars(module), found, asked, models) for node in functions]
    for reading in readings * 3:  # names are given on to others, in whatever order they stand
        reading.learn()
    for reading in readings:
        reading.run()
    return found


def _reached(start: ast.AST, known: dict[str, Any]) -> list[Any]:
    """The function, and the module's own functions that it uses, directly or through others."""
    reached: list[Any] = []
    waiting = [start]
    while waiting:
        node = waiting.pop()
        if node not in reached:
            reached.append(node)
            names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
            waiting += [known[name] for name in sorted(names) if name in known]
    return reached


def _asked(function: ast.AST, names: dict[str, Any]) -> Iterator[Pair | None]:
    for node in _walk(function):
        if isinstance(node, ast.Call) and _called(node) == "get_model":
            yield _pair(node, names)


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that runs on PostgreSQL: without what stands under a test for another vendor."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and (vendor := _vendor(child.test)):
            for part in child.body if vendor == "postgresql" else child.orelse:
                yield from _walk(part)
        else:
            yield from _walk(child)


def _vendor(test: ast.expr) -> str:
    """The vendor that a test asks for by ``… .vendor == "…"``; empty for any other test."""
    if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], ast.Eq):
        return ""
    asked = isinstance(test.left, ast.Attribute) and test.left.attr == "vendor"
    value = test.comparators[0]
    return value.value if asked and isinstance(value, ast.Constant) and isinstance(value.value, str) else ""


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _pair(node: ast.Call, names: dict[str, Any]) -> Pair | None:
    """What a ``get_model`` asks for; None if its arguments are computed."""
    words = [_word(part, names) for part in [*node.args, *(keyword.value for keyword in node.keywords)]]
    parts = words[0].split(".") if len(words) == 1 and words[0] else words
    if len(parts) < 2 or not parts[0] or not parts[1]:
        return None
    return parts[0], parts[1].lower()


def _word(node: ast.expr, names: dict[str, Any]) -> str | None:
    value = node.value if isinstance(node, ast.Constant) else names.get(getattr(node, "id", ""))
    if isinstance(node, ast.Attribute) and names.get(getattr(node.value, "id", "")) is settings:
        value = getattr(settings, node.attr, None)
    return value if isinstance(value, str) else None


@dataclass
class _Reading:
    """One function: which of its names stand for which models, and which of them it changes."""

    function: ast.AST
    names: dict[str, Any]
    found: Code
    asked: set[Pair | None]
    models: dict[str, set[Pair | None]]

    def learn(self) -> None:
        for node in _walk(self.function):
            self._learn(node)

    def run(self) -> None:
        local = self._local()
        for node in _walk(self.function):
            if isinstance(node, ast.Call):
                self._call(node)
            elif isinstance(node, ast.Name | ast.Attribute) and _is_model(model := _value(node, self.names, local)):
                self.found.live.setdefault(model.__name__, _span(node))
            elif isinstance(node, ast.ImportFrom):
                for name in _models_imported(node, self.names.get("__package__") or ""):
                    self.found.live.setdefault(name, _span(node))

    def _local(self) -> set[str]:
        local = {a.arg for node in ast.walk(self.function) if isinstance(node, ast.arguments) for a in node.args}
        stored = (node for node in ast.walk(self.function) if isinstance(node, ast.Name))
        return local | {node.id for node in stored if isinstance(node.ctx, ast.Store)}

    def _learn(self, node: ast.AST) -> None:
        """``name = …`` and ``for name in …`` hand the models of the right side on to the name."""
        value = getattr(node, "iter", None) if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension) else None
        targets = [node.target] if value is not None else []  # type: ignore[attr-defined]
        if isinstance(node, ast.Assign):
            value, targets = node.value, node.targets
        elif isinstance(node, ast.NamedExpr):
            value, targets = node.value, [node.target]
        for target in targets:
            self._give(target, value)

    def _give(self, target: ast.expr, value: ast.expr | None) -> None:
        inside = getattr(target, "elts", [])
        if inside and isinstance(value, ast.Tuple) and len(value.elts) == len(inside):
            for one, part in zip(inside, value.elts, strict=True):
                self._give(one, part)
            return
        models = self._models(value) if value is not None else set()
        for name in [target, *inside]:
            if isinstance(name, ast.Name):
                self.models.setdefault(name.id, set()).update(models)

    def _models(self, node: Any) -> set[Pair | None]:
        """The models behind an expression: those of the name that it begins with, unless it goes over to others."""
        while not isinstance(node, ast.Name):
            if isinstance(node, ast.Call) and _called(node) == "get_model":
                return {_pair(node, self.names)}
            if isinstance(node, ast.Call) and _called(node) in _PASSES_ON and node.args:
                node = node.args[0]
            elif isinstance(node, ast.Call):
                node = node.func
            elif isinstance(node, ast.Attribute) and node.attr not in _SAME_MODEL:
                return {None} if self._models(node.value) else set()
            elif isinstance(node, ast.Attribute | ast.Subscript | ast.Starred | ast.Await):
                node = node.value
            else:
                return set()
        return self.models.get(node.id, set())

    def _call(self, node: ast.Call) -> None:
        name = _called(node)
        if name == "get_user_model":
            self.found.live.setdefault("get_user_model()", _span(node))
        elif name in ("execute", "executemany"):
            self.found.executes = True
        elif isinstance(node.func, ast.Attribute) and name in _CHANGES and not _of_dictionary(node):
            models = self._models(node.func.value) or (self.asked if len(self.asked) == 1 else {None})
            self.found.changed |= {model for model in models if model is not None}
            self.found.unknown = self.found.unknown or None in models


def _of_dictionary(node: ast.Call) -> bool:
    """Whether ``x.update(…)`` is one of a dictionary or a digest: a positional argument, as no QuerySet takes."""
    return _called(node) == "update" and bool(node.args)


def _value(node: ast.expr, names: dict[str, Any], local: set[str]) -> Any:
    """What a dotted name of the module stands for; None for what only a call would know."""
    if isinstance(node, ast.Name):
        return None if node.id in local else names.get(node.id)
    if isinstance(node, ast.Attribute):
        owner = _value(node.value, names, local)
        return getattr(owner, node.attr, None) if inspect.ismodule(owner) else None
    return None


def _is_model(value: Any) -> bool:
    return inspect.isclass(value) and issubclass(value, Model) and not value.__module__.startswith("django.db")


def _models_imported(node: ast.ImportFrom, package: str) -> Iterator[str]:
    """The models that an import inside a function brings in."""
    parts = package.split(".") if package else []
    base = ".".join(parts[: len(parts) - node.level + 1]) if node.level else ""
    module = sys.modules.get(".".join(part for part in (base, node.module or "") if part))
    for alias in node.names:
        if module is not None and _is_model(getattr(module, alias.name, None)):
            yield alias.name


def _span(node: ast.expr | ast.stmt) -> Span:
    return node.lineno, node.end_lineno or node.lineno

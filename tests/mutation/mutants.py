"""Small faults: the source of a module with one expression or statement changed."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
_QUIET = ("note", "tell", "debug", "info")  # calls that only say something


@dataclass(frozen=True, order=True)
class Mutant:
    """One fault. ``start`` and ``end`` are byte offsets in the file, between which ``new`` stands instead."""

    path: str
    line: int
    start: int
    end: int
    new: str
    what: str

    def applied(self, source: bytes) -> bytes:
        """The source of the file with this fault."""
        return source[: self.start] + self.new.encode() + source[self.end :]

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


def mutants(path: Path, name: str) -> list[Mutant]:
    """All mutants of a file, in the order of its lines."""
    source = path.read_bytes()
    finder = _Finder(source, name)
    finder.visit(ast.parse(source))
    return sorted({mutant for mutant in finder.found if compiles(mutant.applied(source))})


def compiles(source: bytes) -> bool:
    """Whether Python can read the source."""
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


class _Finder(ast.NodeVisitor):
    """Walks a module and notes its mutants; annotations, docstrings, decorators and f-strings stay as they are."""

    def __init__(self, source: bytes, name: str) -> None:
        self.name, self.found = name, list[Mutant]()
        self.source = source
        self.offsets = [0]
        for line in source.splitlines(keepends=True):
            self.offsets.append(self.offsets[-1] + len(line))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for default in [*node.args.defaults, *(one for one in node.args.kw_defaults if one)]:
            self.visit(default)
        for statement in node.body:
            self.visit(statement)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for statement in node.body:
            self.visit(statement)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value:
            self.visit(node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Leave f-strings alone: most are messages, and their parts have no source of their own."""

    def visit_Assert(self, node: ast.Assert) -> None:
        """Leave assertions alone."""

    def visit_Raise(self, node: ast.Raise) -> None:
        self._replace(node, "pass", "error not raised")

    def visit_Expr(self, node: ast.Expr) -> None:
        value = node.value
        if isinstance(value, ast.Constant):
            return
        if isinstance(value, ast.Call | ast.Await) and not _only_says(value):
            self._replace(node, "pass", f"call removed: {_short(value)}")
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None):
            return
        if not (isinstance(node.value, ast.Constant) and isinstance(node.value.value, bool)):
            self._replace(node.value, "None", f"returns None instead of {_short(node.value)}")
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        self._negate(node.test)
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        if not isinstance(node.test, ast.Constant):
            self._negate(node.test)
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._negate(node.test)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self._negate(test)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        for place, operator in enumerate(node.ops):
            other = copy.deepcopy(node)
            other.ops[place] = _COMPARED[type(operator)]()
            self._changed(node, other)
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        other = copy.deepcopy(node)
        other.op = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
        self._changed(node, other)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        wanted = _COMPUTED.get(type(node.op))
        is_text = any(isinstance(one, ast.JoinedStr) or _is_text(one) for one in (node.left, node.right))
        if wanted and not is_text:
            other = copy.deepcopy(node)
            other.op = wanted()
            self._changed(node, other)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self._changed(node, node.operand)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, bool):
            self._replace(node, str(not value), f"{value} became {not value}")
        elif isinstance(value, int | float):
            self._replace(node, repr(value + 1), f"{value} became {value + 1}")
        elif isinstance(value, str) and value and " " not in value:
            self._replace(node, repr(f"{value}x"), f"{value!r} became {value + 'x'!r}")

    def _negate(self, test: ast.expr) -> None:
        self._replace(test, f"(not ({ast.unparse(test)}))", f"condition negated: {_short(test)}")

    def _changed(self, node: ast.expr, other: ast.expr) -> None:
        self._replace(node, f"({ast.unparse(other)})", f"{_short(node)} became {_short(other)}")

    def _replace(self, node: ast.expr | ast.stmt, new: str, what: str) -> None:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self.offsets[node.lineno - 1] + node.col_offset
        end = self.offsets[node.end_lineno - 1] + node.end_col_offset
        self.found.append(Mutant(self.name, node.lineno, start, end, new, what))


def sources(root: Path, packages: tuple[str, ...]) -> Iterator[tuple[Path, str]]:
    """The modules of packages and their names relative to ``root``."""
    for package in packages:
        for path in sorted((root / package).rglob("*.py")):
            yield path, path.relative_to(root).as_posix()


def _only_says(call: ast.expr) -> bool:
    function = getattr(call, "func", None)
    return isinstance(function, ast.Attribute) and function.attr in _QUIET


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _short(node: ast.expr) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 70 else f"{text[:67]}..."

"""The source and the digest of an operation: how a later run recognises the operation that it resumes.

The digest of an unchanged file is the same in every process. An operation is digested by its structure: its class and
its deconstructed arguments. A value that does not occur in the code of the migration's module was computed while the
module was imported (``default=datetime.now()``): only its type is digested, and with it the text of the operation in
the file. Functions and classes that the module defines are digested by their instructions, all others by their names.
"""

from __future__ import annotations

import ast
import dis
import enum
import functools
import hashlib
import inspect
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from decimal import Decimal
from functools import cache
from pathlib import PurePath
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any
from uuid import UUID

from django.db.migrations import Migration, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.migrations.writer import OperationWriter
from django.utils.functional import Promise

_FORM = "2"  # the first form was the SHA-256 of the source alone
_SCALARS = (str, int, float, complex, bytes)
_TEXTUAL = (Decimal, UUID, PurePath)  # made of one text


def source_of(operation: Operation) -> str:
    """The operation as Python source, for people: the journal keeps it."""
    with suppress(Exception):  # whatever a serializer says about a value that it does not know
        text, _ = OperationWriter(operation, indentation=0).serialize()
        return str(text)
    return _Structure(None).of_operation(operation)


def digest_of(operation: Operation, migration: Migration | None = None) -> str:
    """A digest of the operation, at most 64 ASCII characters.

    ``migration`` is the one that contains the operation; without it every value counts as written in the file. The
    parts are a digest of the structure; ``.c`` and a digest of the code that the operation calls; ``.t`` and a digest
    of its text in the file. The last two name the version of Python, and are left out where the operation has none.
    """
    module = sys.modules.get(type(migration).__module__) if migration is not None else None
    structure = _Structure(module)
    parts = [_FORM, _hash(structure.of_operation(operation))[:24]]
    if structure.code:
        parts.append(f"c{_python()}-{_hash(*structure.code)[:10]}")
    if structure.computed and migration is not None and module is not None:
        text = _text(module, _index(migration.operations, operation), len(migration.operations))
        parts += [f"t{_python()}-{_hash(text)[:10]}"] if text else []
    return ".".join(parts)


def is_unchanged(operation: Operation, migration: Migration | None, digest: str) -> bool:
    """Whether a digest, perhaps of an earlier version of the engine or of Python, was made of this operation.

    Digests of code and text are compared only if the same version of Python made both, and those of the text only if
    both processes had the source.
    """
    if not digest.startswith(f"{_FORM}."):
        return digest in _first_form(operation)
    then, now = digest.split("."), digest_of(operation, migration).split(".")
    if then[1] != now[1]:
        return False
    ours = dict(part.split("-") for part in now[2:])
    return all(ours.get(kind, value) == value for kind, value in (part.split("-") for part in then[2:]))


def _first_form(operation: Operation) -> set[str]:
    """The digests that the first version of the engine may have made of an operation."""
    found = {_hash(source_of(operation))}
    name, arguments, keywords = operation.deconstruct()
    values = [*arguments, *keywords.values()]
    with suppress(OSError, TypeError):
        codes = [inspect.getsource(value) for value in values if inspect.isfunction(value)]
        found.add(_hash("\n".join([f"{name}({arguments!r}, {keywords!r})" if not codes else name, *codes])))
    return found


def _hash(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode(errors="backslashreplace")).hexdigest()


def _python() -> str:
    return f"{sys.version_info.major}{sys.version_info.minor}{'o' * sys.flags.optimize}"


# --- the structure -------------------------------------------------------------------------------------------------


class _Structure:
    """Writes values as text that is the same in every process; ``code`` collects the instructions that they run."""

    def __init__(self, module: ModuleType | None) -> None:
        self.module = module
        self.written = _constants(module) if module is not None else None
        self.code: list[str] = []
        self.computed = False
        self._open: set[int] = set()
        self._seen: set[CodeType] = set()

    def of_operation(self, operation: Operation) -> str:
        name, arguments, keywords = operation.deconstruct()
        path = name if "." in name else f"{type(operation).__module__}.{name}"
        if not path.startswith(("django.", "livemigrations.")) and self._is_own(type(operation)):
            self._class(type(operation))
        return self._call(path, arguments, keywords)

    def of(self, value: Any) -> str:
        """One value. What contains itself is cut off."""
        if value is None or isinstance(value, bool):
            return repr(value)
        if isinstance(value, enum.Enum):
            return f"{_path(type(value))}.{value.name}"
        if isinstance(value, _SCALARS):
            return self._scalar(value)
        if id(value) in self._open:
            return "..."
        self._open.add(id(value))
        try:
            return self._container(value)
        finally:
            self._open.discard(id(value))

    def _scalar(self, value: Any) -> str:
        kind = type(value).__name__
        if self.written is not None and _folded(value) not in self.written:
            self.computed = True
            return f"<{kind}>"
        return f"{kind} {_folded(value)!r}" if isinstance(value, str) else f"{kind} {value!r}"

    def _container(self, value: Any) -> str:
        if isinstance(value, Mapping):
            items = sorted(f"{self.of(key)}: {self.of(item)}" for key, item in value.items())
            return f"{{{', '.join(items)}}}"
        if isinstance(value, set | frozenset):
            return f"{{{', '.join(sorted(map(self.of, value)))}}}"
        if isinstance(value, list | tuple):
            return f"[{', '.join(map(self.of, value))}]"
        if isinstance(value, re.Pattern):
            return f"pattern({self.of(value.pattern)}, {value.flags})"
        if isinstance(value, Promise):
            self.computed = True
            return "<lazy>"
        return self._object(value)

    def _object(self, value: Any) -> str:
        if isinstance(value, Operation):
            return self.of_operation(value)
        if isinstance(value, functools.partial):
            return self._call("partial", (value.func, *value.args), value.keywords)
        if isinstance(value, MethodType):
            return f"{self.of(value.__func__)} of {self.of(value.__self__)}"
        if isinstance(value, FunctionType):
            self._function(value)
            return f"function {value.__module__}.{value.__qualname__}"
        if isinstance(value, type):
            if self._is_own(value):
                self._class(value)
            return f"class {_path(value)}"
        if isinstance(value, ModuleType):
            return f"module {value.__name__}"
        return self._instance(value)

    def _instance(self, value: Any) -> str:
        kind = type(value)
        if self._is_own(kind):
            self._class(kind)
        deconstruct = getattr(value, "deconstruct", None)
        if callable(deconstruct):
            with suppress(Exception):  # a deconstruct that refuses is as good as none
                path, arguments, keywords = deconstruct()[-3:]
                return self._call(str(path), arguments, keywords)
        if self._is_own(kind):
            return f"object {_path(kind)}({self.of(_state(value))})"
        if kind.__module__ == "builtins":
            return f"object {_path(kind)} {getattr(value, '__qualname__', '')}".rstrip()
        if isinstance(value, _TEXTUAL) and (self.written is None or str(value).lower() in self.written):
            return f"object {_path(kind)} {str(value)!r}"
        self.computed = True
        return f"<{_path(kind)}>"

    def _call(self, path: str, arguments: Iterable[Any], keywords: Mapping[str, Any]) -> str:
        values = [self.of(argument) for argument in arguments]
        values += [f"{name}={self.of(keywords[name])}" for name in sorted(keywords)]
        return f"{path}({', '.join(values)})"

    # --- code ------------------------------------------------------------------------------------------------------

    def _is_own(self, thing: Any) -> bool:
        """Whether the migration's module defines a class or function."""
        return self.module is not None and getattr(thing, "__module__", None) == self.module.__name__

    def _function(self, function: FunctionType) -> None:
        """The instructions of a function of the module, its defaults and what it closes over."""
        if not self._is_own(function) or function.__code__ in self._seen:
            return
        self._seen.add(function.__code__)
        self.code += _instructions(function.__code__)
        self.code.append(self.of([function.__defaults__, function.__kwdefaults__]))
        for cell in function.__closure__ or ():
            with suppress(ValueError):  # an empty cell
                self.code.append(self.of(cell.cell_contents))
        for name in _names(function.__code__):
            other = function.__globals__.get(name)
            if isinstance(other, FunctionType):
                self._function(other)
            elif isinstance(other, type) and self._is_own(other):
                self._class(other)

    def _class(self, kind: type) -> None:
        for name, member in sorted(vars(kind).items()):
            inner = getattr(member, "__func__", member)
            inner = getattr(inner, "fget", inner)
            if isinstance(inner, FunctionType):
                self.code.append(name)
                self._function(inner)
        for base in kind.__bases__:
            if self._is_own(base):
                self._class(base)


def _path(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _state(value: Any) -> dict[str, Any]:
    slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    return {**{name: getattr(value, name) for name in slots if hasattr(value, name)}, **getattr(value, "__dict__", {})}


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _instructions(code: CodeType) -> Iterator[str]:
    """The instructions of a code object with those inside it, without file name, line numbers and docstrings."""
    yield f"{code.co_argcount} {code.co_kwonlyargcount} {code.co_varnames} {code.co_freevars}"
    for instruction in dis.get_instructions(code):
        value = instruction.argval
        if isinstance(value, CodeType):
            yield instruction.opname
            yield from _instructions(value)
        else:
            yield f"{instruction.opname} {_constant(value)}"


def _constant(value: Any) -> str:
    if isinstance(value, frozenset):
        return f"{{{', '.join(sorted(map(_constant, value)))}}}"
    if isinstance(value, tuple):
        return f"({', '.join(map(_constant, value))})"
    return repr(value)


# --- the module ----------------------------------------------------------------------------------------------------


def _constants(module: ModuleType) -> frozenset[Any] | None:
    """The values that the code of a module contains, or None where its code cannot be read."""
    loader = getattr(module, "__loader__", None)
    get_code = getattr(loader, "get_code", None)
    if get_code is None:
        return None
    try:
        code = get_code(module.__name__)
    except (ImportError, OSError, SyntaxError):
        return None
    return frozenset(_flattened(code)) if code is not None else None


def _flattened(code: CodeType) -> Iterator[Any]:
    yield from map(_folded, code.co_names)
    for constant in code.co_consts:
        yield from _values(constant)
    for instruction in dis.get_instructions(code):
        if instruction.opname == "LOAD_SMALL_INT":  # from Python 3.14 on, small numbers are no constants
            yield _folded(instruction.argval)


def _values(constant: Any) -> Iterator[Any]:
    if isinstance(constant, CodeType):
        yield from _flattened(constant)
    elif isinstance(constant, tuple | frozenset):
        for item in constant:
            yield from _values(item)
    elif isinstance(constant, _SCALARS):
        yield _folded(constant)


def _folded(value: Any) -> Any:
    """A value as it is compared: Django writes the names of models in lower case; 1 is neither 1.0 nor True."""
    return value.lower() if isinstance(value, str) else (type(value).__name__, repr(value))


def _index(operations: Iterable[Operation], wanted: Operation) -> int:
    """The place of an operation in its migration, or of the SeparateDatabaseAndState that contains it; else -1."""
    for index, operation in enumerate(operations):
        if _contains(operation, wanted):
            return index
    return -1


def _contains(operation: Operation, wanted: Operation) -> bool:
    if operation is wanted:
        return True
    inner = operation.database_operations if isinstance(operation, SeparateDatabaseAndState) else ()
    return any(_contains(one, wanted) for one in inner)


def _text(module: ModuleType, index: int, count: int) -> str:
    """The operation as its file writes it, with the module's values that it names; empty if that cannot be found."""
    tree = _tree(module.__name__, getattr(module, "__file__", "") or "")
    elements = _operations(tree) if tree is not None else []
    if tree is None or index < 0 or len(elements) != count:
        return ""
    assigned = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found, open_ = [], [elements[index]]
    while open_:
        node = open_.pop()
        found.append(ast.unparse(node))
        names = [inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)]
        open_ += [assigned.pop(name) for name in names if name in assigned]
    return "\n".join(found)


@cache
def _tree(name: str, file: str) -> ast.Module | None:
    """The module's syntax tree, or None without its source. ``file`` tells apart modules of one name."""
    get_source = getattr(getattr(sys.modules.get(name), "__loader__", None), "get_source", None)
    if get_source is None or not file:
        return None
    try:
        text = get_source(name)
        return ast.parse(text) if text else None
    except (ImportError, OSError, SyntaxError, ValueError):
        return None


def _operations(tree: ast.Module) -> list[ast.expr]:
    """The elements of the list that the class Migration names ``operations``, if it is written out."""
    for node in tree.body:
        if not (isinstance(node, ast.ClassDef) and node.name == "Migration"):
            continue
        for line in node.body:
            targets = line.targets if isinstance(line, ast.Assign) else []
            if any(isinstance(target, ast.Name) and target.id == "operations" for target in targets):
                assert isinstance(line, ast.Assign)
                value = line.value
                return list(value.elts) if isinstance(value, ast.List | ast.Tuple) else []
    return []

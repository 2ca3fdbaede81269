"""Which migrations are linted: all of the project's, some by name, the pending ones, or those since a commit."""

from __future__ import annotations

import ast
import os
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader

from livemigrations.engine.selection import full_order
from livemigrations.errors import LintScopeUnknown
from livemigrations.own_apps import own_apps
from livemigrations.review.lint.history import Key
from livemigrations.review.lint.sources import source_of


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asked for. ``since`` is a commit, ``pending`` asks the database."""

    app: str = ""
    name: str = ""
    pending: bool = False
    since: str = ""
    third_party: bool = False


@dataclass(slots=True)
class Scope:
    """The migrations to lint in their order. ``together`` says that they are one run; ``edited`` were there before."""

    keys: list[Key]
    together: bool = False
    edited: dict[Key, str] = field(default_factory=dict)


def apps_asked_for(loader: MigrationLoader, request: Request) -> list[Key]:
    """All migrations, in their order, of the app that is named, of the project's own apps, or of all."""
    order = full_order(loader)
    if request.third_party and not request.app:
        return order
    labels = {request.app} if request.app else own_apps()
    return [key for key in order if key[0] in labels]


def scope_of(loader: MigrationLoader, connection: BaseDatabaseWrapper, request: Request) -> Scope:
    """Choose. Raises ``LintScopeUnknown`` for a name that does not exist or a commit that git does not know."""
    order = _named(loader, full_order(loader), request) if request.app else apps_asked_for(loader, request)
    if request.pending:
        applied = MigrationLoader(connection).applied_migrations
        return Scope([key for key in order if key not in applied], together=True)
    if request.since:
        return _since(loader, order, request.since)
    return Scope(order)


def _named(loader: MigrationLoader, order: list[Key], request: Request) -> list[Key]:
    labels = sorted({key[0] for key in order})
    if request.app not in {config.label for config in apps.get_app_configs()}:
        raise LintScopeUnknown(f"There is no app {request.app!r}. With migrations there are: {', '.join(labels)}.")
    if request.app not in labels:
        raise LintScopeUnknown(f"The app {request.app} has no migrations, so there is nothing to lint.")
    if not request.name:
        return [key for key in order if key[0] == request.app]
    found = [key for key in order if key[0] == request.app and key[1].startswith(request.name)]
    exact = [key for key in found if key[1] == request.name]
    if len(exact or found) != 1:
        names = ", ".join(key[1] for key in found) or "none"
        raise LintScopeUnknown(f"{request.app} has no single migration {request.name!r}. Beginning like it: {names}.")
    return exact or found


# --- since a commit --------------------------------------------------------------------------------------------


def _since(loader: MigrationLoader, order: list[Key], revision: str) -> Scope:
    root = Path(_git("rev-parse", "--show-toplevel").strip())
    _git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", unknown=revision)
    base = _git("merge-base", revision, "HEAD", unknown=revision).strip()
    listed = _git("diff", "--name-status", "--no-renames", "--diff-filter=AM", "-z", base, "--", ":(top)*.py")
    parts = [part for part in listed.split("\0") if part]
    changed = {(root / path).resolve(): mark for mark, path in zip(parts[::2], parts[1::2], strict=True)}
    for path in _git("ls-files", "--others", "--exclude-standard", "--full-name", "-z", ":(top)*.py").split("\0"):
        if path:
            changed[(root / path).resolve()] = "A"
    scope = Scope([], together=True)
    for key, file in _files(loader, order):
        if file in changed:
            scope.keys.append(key)
            if changed[file] == "M" and not _same_code(root, base, file):
                scope.edited[key] = f"it was edited after {revision}"
    return scope


def _files(loader: MigrationLoader, order: Iterable[Key]) -> Iterator[tuple[Key, Path]]:
    for key in order:
        path = source_of(loader.graph.nodes[key]).path
        if path is not None:
            yield key, path.resolve()


def _same_code(root: Path, base: str, path: Path) -> bool:
    """Whether a file says the same as it did, apart from comments and docstrings."""
    before = _git_says("show", f"{base}:{path.relative_to(root.resolve()).as_posix()}")
    try:
        return _code(before) == _code(path.read_bytes())
    except SyntaxError:  # of the file as it was: as it is now, it was imported
        return False


def _code(source: bytes) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body: Any = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_docstring(body[0]):
            del body[0]
    return ast.dump(tree)


def _is_docstring(node: Any) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _git(*arguments: str, unknown: str = "") -> str:
    return os.fsdecode(_git_says(*arguments, unknown=unknown))


def _git_says(*arguments: str, unknown: str = "") -> bytes:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, check=False)
    except FileNotFoundError as error:
        raise LintScopeUnknown("--since asks git, and there is no git on the PATH.") from error
    if done.returncode:
        said = os.fsdecode(done.stderr).strip().splitlines()
        why = f"git does not know the commit {unknown!r}" if unknown else f"git says: {said[-1] if said else 'nothing'}"
        raise LintScopeUnknown(
            f"--since cannot be answered: {why}. Remedy: name a commit, branch or tag of this folder."
        )
    return done.stdout

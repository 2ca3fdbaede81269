"""The form of every migration: its name, its docstring, its sprint, and what it imports."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

from tests.support import tree
from tests.support.database import ROOT

NAME = re.compile(r"(?P<number>\d{4})_s(?P<sprint>\d\d)_[a-z0-9_]+")
MAY_IMPORT = {"django", "livemigrations", "pgtrigger", "pghistory", "core.db"} | sys.stdlib_module_names

each_migration = pytest.mark.parametrize("path", tree.migrations(), ids=tree.name)
each_app = pytest.mark.parametrize("app", tree.APPS)


def declared_sprint(path: Path) -> int | None:
    """Return the value of the attribute ``sprint`` of the class Migration."""
    for node in tree.parsed(path).body:
        if isinstance(node, ast.ClassDef) and node.name == "Migration":
            for line in node.body:
                target = line.targets[0] if isinstance(line, ast.Assign) else getattr(line, "target", None)
                value = getattr(line, "value", None)
                if isinstance(target, ast.Name) and target.id == "sprint" and isinstance(value, ast.Constant):
                    return int(str(value.value))
    return None


def imported(path: Path) -> set[str]:
    """Return the packages that a migration imports, those of ``core`` with their second name; "." is a relative import."""
    found = set()
    for node in ast.walk(tree.parsed(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." if node.level else str(node.module))
    return {".".join(name.split(".")[: 2 if name.startswith("core.") else 1]) for name in found if name != "."} | (
        found & {"."}
    )


@each_migration
def test_name_and_sprint(path: Path) -> None:
    matched = NAME.fullmatch(path.stem)
    assert matched, "name it NNNN_sSS_subject.py"
    assert declared_sprint(path) == int(matched["sprint"])


@each_migration
def test_docstring_answers_three_questions(path: Path) -> None:
    said = ast.get_docstring(tree.parsed(path)) or ""
    assert len(said.split()) >= 15, "say why, what it locks and for how long, and the way back"
    assert re.search(r"lock|wait|reader|writer|instant|metadata", said, re.IGNORECASE), "what does it lock?"
    assert re.search(r"back|revers|undo|undone|drop|remov", said, re.IGNORECASE), "what is the way back?"


@each_migration
def test_imports_nothing_that_will_change(path: Path) -> None:
    assert imported(path) <= MAY_IMPORT, "use apps.get_model, never live models"


@each_app
def test_one_linear_history(app: str) -> None:
    folder = ROOT / app / "migrations"
    names = sorted(path.stem for path in tree.migrations() if path.parent == folder)
    assert [name[:4] for name in names] == [f"{number:04}" for number in range(1, len(names) + 1)]
    assert (folder / "max_migration.txt").read_text().split() == names[-1:]


@each_app
def test_sprints_do_not_go_back(app: str) -> None:
    sprints = [declared_sprint(path) for path in tree.migrations() if path.parents[1].name == app]
    assert None not in sprints
    assert sprints == sorted(sprints, key=lambda sprint: sprint or 0)

"""Size, documentation and independence of every file."""

from __future__ import annotations

import ast
import re
import statistics
import tomllib
from pathlib import Path

from tests.support import tree
from tests.support.database import ROOT

LONGEST_FILE, MEDIAN_FILE, LONGEST_FUNCTION, MEDIAN_FUNCTION = 500, 150, 60, 10

# Written in two halves, so that this file is free of them as well.
FORBIDDEN = [
    *("pypi" + r"\.org", "python" + "hosted", "registry\\." + "npmjs", "proxy\\." + "golang"),
    *("/wo" + "rk/", "/ro" + "ot/", "/tm" + "p/w/", "issues " + "show", r"\.\./" + "shared"),
]


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree.parsed(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert function.end_lineno is not None
    return function.end_lineno - function.lineno + 1


def test_every_module_says_what_it_is() -> None:
    silent = [tree.name(path) for path in tree.modules() if not ast.get_docstring(tree.parsed(path))]
    assert not silent, "modules without a docstring"


def test_files_are_small() -> None:
    sizes = {tree.name(path): len(path.read_text().splitlines()) for path in tree.modules()}
    assert len(sizes) > 50
    assert {name: size for name, size in sizes.items() if size > LONGEST_FILE} == {}
    assert statistics.median(sizes.values()) <= MEDIAN_FILE


def test_functions_are_small() -> None:
    sizes = {
        f"{tree.name(path)}:{function.lineno} {function.name}": length(function)
        for path in tree.modules()
        for function in functions(path)
    }
    assert {name: size for name, size in sizes.items() if size > LONGEST_FUNCTION} == {}
    assert statistics.median(sizes.values()) <= MEDIAN_FUNCTION


def test_the_project_stands_alone() -> None:
    pattern = re.compile("|".join(FORBIDDEN), re.IGNORECASE)
    found = [
        f"{tree.name(path)}:{number}: {line.strip()}"
        for path, text in tree.texts()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, "addresses of registries or of one machine"


def test_locked_versions_carry_no_address() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert len(lines) > 30
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[\w.]+", line)] == []


def test_every_dependency_has_a_floor_and_a_lock() -> None:
    locked = {line.partition("==")[0] for line in (ROOT / "constraints.txt").read_text().splitlines()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(line for lines in project["optional-dependencies"].values() for line in lines),
    ]
    matched = [re.fullmatch(r"([a-z0-9-]+)(?:\[[a-z]+\])?>=[\d.]+", line) for line in wanted]
    assert None not in matched, wanted
    assert {found[1] for found in matched if found} <= locked


def test_environment_variables_are_listed() -> None:
    reads = re.compile(r"""(?:env(?:\.\w+)?\(|_required\(|environ\.get\()\s*"([A-Z_]+)\"""")
    internal = {"TEPPAN_DEBUG_DEFAULT", "USER", "TERM"}
    used = {name for path in tree.modules(*tree.PACKAGES) for name in reads.findall(path.read_text())}
    assert {"DATABASE_URL", "SECRET_KEY", "TEPPAN_PGDATA"} <= used
    example = (ROOT / ".env.example").read_text()
    assert sorted(name for name in used - internal if not re.search(rf"^# {name}=", example, re.MULTILINE)) == []

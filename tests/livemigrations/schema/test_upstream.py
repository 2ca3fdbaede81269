"""No test of Django's own that exercises the schema is left out."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from config.embedded import cluster
from tests.livemigrations.schema.errors import ERRORS
from tests.livemigrations.schema.stories import STORIES
from tests.livemigrations.schema.upstream import TABLES
from tests.support.database import ROOT
from tests.support.postgres import PgServer

SOURCES = os.environ.get("DJANGO_TESTS", "")
OTHERS = {
    "SchemaIndexesNotPostgreSQLTests", "SchemaIndexesMySQLTests", "PartialIndexConditionIgnoredTests", "CoveringIndexIgnoredTests",
    "TestCreateModel", "FieldOperationTests", "BaseOperationTests",
}  # fmt: skip


def told() -> set[str]:
    steps = {f"{story.app}/{step}" for story in STORIES for step in story.steps}
    return steps | {f"errors/{name}" for name in ERRORS}


@pytest.mark.parametrize("where", TABLES)
def test_each_is_told_once_by_steps_that_exist(where: str) -> None:
    names = [name for tests in TABLES[where].values() for name in tests.split()]
    assert sorted({name for name in names if names.count(name) > 1}) == []
    keys = {key for cases in TABLES[where] if not cases.startswith("[") for key in cases.split(" + ")}
    assert sorted(keys - told()) == []


def test_hundreds_of_tests_are_told() -> None:
    names = [
        name for table in TABLES.values() for key, tests in table.items() if key[0] != "[" for name in tests.split()
    ]
    assert len(names) > 400


@pytest.mark.skipif(not SOURCES, reason="DJANGO_TESTS names no folder with Django's own tests")
def test_the_tables_name_every_test() -> None:
    files = {where.rsplit(".", 1)[0] for where in TABLES} - {"postgres_tests.test_array"}
    found: dict[str, set[str]] = {}
    for file in files:
        tree = ast.parse((Path(SOURCES) / f"{file.replace('.', '/')}.py").read_text())
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and node.name not in OTHERS:
                tests = {name[5:] for item in node.body if (name := str(getattr(item, "name", ""))).startswith("test_")}
                found |= {f"{file}.{node.name}": tests} if tests else {}
    listed = {where: {name for tests in table.values() for name in tests.split()} for where, table in TABLES.items()}
    listed.pop("postgres_tests.test_array.TestMigrations")
    assert {
        where: found.get(where, set()) ^ names for where, names in listed.items() if found.get(where) != names
    } == {}
    assert set(found) == set(listed)


@pytest.mark.slow
@pytest.mark.skipif(not SOURCES, reason="DJANGO_TESTS names no folder with Django's own tests")
def test_djangos_own_tests_pass_through_the_translation(pg_server_15: PgServer) -> None:
    """All of their assertions hold, but that a key is part of ADD COLUMN: here it is a statement of its own."""
    labels = ["schema", "migrations.test_operations", "indexes", "constraints", "postgres_tests"]
    settings = "--settings=tests.livemigrations.schema.backend.settings"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "runtests.py", settings, "--parallel=1", "--noinput", *labels],
        cwd=SOURCES, capture_output=True, text=True, timeout=600, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "DJANGO_TESTS_HOST": str(pg_server_15.home), "DJANGO_TESTS_USER": cluster.ROLE},
    )  # fmt: skip
    assert re.search(r"Ran \d{4,} tests", done.stderr), done.stderr[-3000:]
    failed = set(re.findall(r"^(?:FAIL|ERROR): (\w+)", done.stderr, re.MULTILINE))
    assert failed == {"test_inline_fk", "test_inline_fk_db_on_delete"}, done.stderr[-6000:]

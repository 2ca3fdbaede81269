"""The files themselves: heads, merges, sprints, docstrings, dependencies, and where an operation stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from livemigrations.errors import LintImpossible
from livemigrations.review.lint import Engine
from tests.livemigrations.review.lint.shelf import Shelf

NOTHING = 'migrations.AlterModelOptions("thing", {}),'


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_two_heads_and_their_merge(shelf: Shelf) -> None:
    base = shelf.names[0]
    shelf.add(NOTHING, after=base)
    shelf.add(NOTHING, after=base)
    found = [(finding.rule.id, finding.place.path[-12:]) for finding in shelf.found()]
    assert found == [("LM405", "0002_step.py"), ("LM405", "0003_step.py")]
    shelf.add("", after=shelf.names[1])
    text = shelf.newest.read_text()
    pair = f"[{(shelf.label, '0002_step')!r}, {(shelf.label, '0003_step')!r}]"
    shelf.newest.write_text(text.replace(f"[{(shelf.label, '0002_step')!r}]", pair))
    assert shelf.found() == []
    assert [finding.rule.id for finding in shelf.found(enable=("LM406",))] == ["LM406"]


def test_a_sprint_is_missed_where_others_state_theirs(shelf: Shelf) -> None:
    shelf.add(NOTHING)
    assert shelf.found() == []
    shelf.add(NOTHING, "sprint = 1")
    assert [(finding.rule.id, finding.migration[-9:]) for finding in shelf.found()] == [("LM407", "0002_step")]


def test_a_docstring_is_missed_on_request(shelf: Shelf) -> None:
    shelf.add(NOTHING)
    assert shelf.found(enable=("LM408",)) == []
    shelf.newest.write_text("from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n    pass\n")
    assert {finding.rule.id for finding in shelf.found(enable=("LM408",))} >= {"LM408"}


@pytest.mark.parametrize(("name", "loose"), [("__latest__", True), ("__first__", True), ("0001_step", False)])
def test_loose_dependencies(shelf: Shelf, name: str, loose: bool) -> None:
    shelf.add(NOTHING)
    other = Shelf(shelf.home.parent)
    other.add(NOTHING)
    text = other.newest.read_text().replace("dependencies = [", f"dependencies = [({shelf.label!r}, {name!r}), ")
    other.newest.write_text(text)
    with shelf.installed(), other.installed():
        from django.conf import settings
        from django.db import connections
        from django.test import override_settings

        from livemigrations.review.lint import Request, choice, lint

        with override_settings(INSTALLED_APPS=[*settings.INSTALLED_APPS, shelf.label]):
            report = lint(connections["default"], Request(), choice(Engine.LIVE))
    assert [finding.rule.id for finding in report.findings] == (["LM404"] if loose else [])


def test_findings_point_at_their_lines(shelf: Shelf) -> None:
    shelf.add(
        'migrations.CreateModel(\n    "New",\n    [\n'
        '        ("id", models.BigAutoField(primary_key=True)),\n'
        '        (\n            "part",\n'
        '            models.ForeignKey("{label}.part", models.CASCADE, db_index=False),\n        ),\n    ],\n),\n'
        'migrations.RemoveField("thing", "n"),'
    )
    lines = shelf.newest.read_text().splitlines()
    keyless, dropped = shelf.found()
    assert (keyless.rule.id, dropped.rule.id) == ("LM512", "LM201")
    shown = lines[keyless.place.line - 1 : keyless.place.end_line]
    assert [line.strip() for line in shown][:2] == ["(", '"part",']
    assert lines[dropped.place.line - 1].strip() == 'migrations.RemoveField("thing", "n"),'
    assert (dropped.operation, dropped.place.line) == (2, dropped.place.end_line)


@pytest.mark.parametrize(
    "written",
    [
        'operations = [migrations.RemoveField("thing", "n")] + []',
        'operations = [migrations.RemoveField("thing", name) for name in ("n",)]',
        'if True:\n        operations = [\n            migrations.RemoveField("thing", "n"),\n        ]',
    ],
)
def test_operations_that_are_computed_are_found_too(shelf: Shelf, written: str) -> None:
    shelf.add(NOTHING)
    head = shelf.newest.read_text().partition("    operations = [")[0]
    shelf.newest.write_text(f"{head}    {written}\n")
    (finding,) = shelf.found()
    assert "RemoveField" in shelf.newest.read_text().splitlines()[finding.place.line - 1]


def test_fingerprints_survive_moved_lines(shelf: Shelf) -> None:
    shelf.add('migrations.RemoveField("thing", "n"),')
    (before,) = shelf.found()
    shelf.newest.write_text("# moved\n\n" + shelf.newest.read_text())
    (after,) = shelf.found()
    assert after.place.line == before.place.line + 2
    assert after.fingerprint == before.fingerprint


@pytest.mark.parametrize(("encoding", "mark"), [("utf-8-sig", ""), ("latin-1", "# -*- coding: latin-1 -*-\n")])
def test_a_file_is_read_in_its_own_encoding(shelf: Shelf, encoding: str, mark: str) -> None:
    shelf.add('# lint: allow LM201 because it was größer\nmigrations.RemoveField("thing", "n"),')
    shelf.newest.write_bytes((mark + shelf.newest.read_text()).encode(encoding))
    assert [finding.allowed for finding in shelf.found()] == ["it was größer"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("class Migration(:\n", r"0002_step\.py:1: SyntaxError: "),
        ("import nonsuch\n", r"0002_step\.py:1: ModuleNotFoundError: No module named 'nonsuch'"),
        ("\n1 / 0\n", r"0002_step\.py:2: ZeroDivisionError: "),
        ("x = 1\n", "has no Migration class"),
    ],
)
def test_a_file_that_cannot_be_imported_is_named(shelf: Shelf, text: str, said: str) -> None:
    shelf.add(NOTHING)
    shelf.newest.write_text(text)
    with pytest.raises(LintImpossible, match=said):
        shelf.found()


BROKEN = ["ALTER TABLE x ADD a int CONSTRAINT", "ALTER TABLE x ADD a int PRIMARY", "ALTER TABLE x ADD CONSTRAINT c NOT",
          "ALTER TABLE x ADD NOT", "ALTER TABLE", "CREATE INDEX ON", "CREATE TABLE t (,", "'open", "/* open", "$$ open", "\0"]  # fmt: skip


def test_sql_that_postgresql_will_refuse_stops_nobody(shelf: Shelf) -> None:
    for text in BROKEN:
        shelf.add(f"migrations.RunSQL({text!r}, 'SELECT 1'),")
    shelf.add(
        "migrations.RunSQL(lazystr('DROP TABLE {label}_part'), 'SELECT 1'),",
        extra="from django.utils.functional import lazystr",
    )
    assert [(finding.rule.id, finding.migration[-9:]) for finding in shelf.found()][-1] == ("LM202", "0013_step")

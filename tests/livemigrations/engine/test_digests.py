"""The digest of an operation: the same in every process for an unchanged file, another one for a changed operation."""

from __future__ import annotations

import json
import os
import py_compile
import sys
import zipfile
from pathlib import Path

import pytest

from tests.livemigrations.site import Site
from tests.support import processes

HEAD = """
import datetime, decimal, functools, random, re, time, uuid
from django.core.validators import RegexValidator
from django.db import migrations, models
from django.utils.translation import gettext_lazy as _

NOW = datetime.datetime(2020, 1, 1)

class Work:
    def __init__(self, table="dish"):
        self.table, self.made, self.names = table, time.time(), {"a", "b", "c", "d", "e"}
    def __call__(self, apps, editor):
        self.helper()
    def helper(self):
        return {"one", "two", "three", "four"}

def helper(apps):
    return apps in {"one", "two", "three", "four"}

def copy(apps, editor, *, at=NOW):
    "Copies."
    helper(apps)  # a remark

def made(factor):
    return lambda apps, editor: factor

class Migration(migrations.Migration):
    operations = [
"""
OPERATIONS = {
    "function": "migrations.RunPython(copy, copy)",
    "lambda": "migrations.RunPython(lambda apps, editor: 1)",
    "closure": "migrations.RunPython(made(2))",
    "callable object": "migrations.RunPython(Work(), Work('other'))",
    "bound method": "migrations.RunPython(Work().__call__)",
    "partial": "migrations.RunPython(functools.partial(copy, at=1))",
    "class": "migrations.RunPython(Work)",
    "now": "migrations.AddField('Dish', 'a', models.DateTimeField(default=datetime.datetime.now()))",
    "today": "migrations.AddField('Dish', 'a', models.DateField(default=datetime.date.today()))",
    "constant": "migrations.AddField('Dish', 'a', models.DateTimeField(default=NOW))",
    "uuid": "migrations.AddField('Dish', 'a', models.UUIDField(default=uuid.uuid4()))",
    "text of a uuid": "migrations.AddField('Dish', 'a', models.TextField(default=str(uuid.uuid4())))",
    "number": "migrations.AddField('Dish', 'a', models.FloatField(default=random.random()))",
    "text": "migrations.AddField('Dish', 'a', models.TextField(default='x', help_text=_('Help')))",
    "decimal": "migrations.AddField('Dish', 'a', models.DecimalField(default=decimal.Decimal('1.50')))",
    "validator": "migrations.AddField('Dish', 'a', models.TextField(validators=[RegexValidator(re.compile('a', re.I))]))",
    "set": "migrations.AlterUniqueTogether('Dish', {('a', 'b'), ('c', 'd'), ('e', 'f')})",
    "set of names": "migrations.RunSQL(sorted({'SELECT 1', 'SELECT 2'}), hints={'names': {'a', 'b', 'c', 'd'}})",
    "sql": "migrations.RunSQL('SELECT 1', 'SELECT 2')",
    "separate": "migrations.SeparateDatabaseAndState([migrations.RunSQL('SELECT 1')])",
}
# What makes another operation of it: the text to replace, and by what.
CHANGES = {
    "function": ("helper(apps)  #", "helper(editor)  #"),
    "lambda": ("editor: 1", "editor: 2"),
    "closure": ("made(2)", "made(3)"),
    "callable object": ("'other'", "'another'"),
    "bound method": ("self.helper()", "self.helper"),
    "partial": ("at=1", "at=2"),
    "class": ('"four"}\n\ndef helper', '"five"}\n\ndef helper'),
    "constant": ("datetime(2020, 1, 1)", "datetime(2021, 1, 1)"),
    "now": ("datetime.datetime.now()", "datetime.datetime.min"),
    "text": ("default='x'", "default='y'"),
    "decimal": ("'1.50'", "'1.60'"),
    "set": ("('e', 'f')", "('e', 'g')"),
    "sql": ("SELECT 2", "SELECT 3"),
    "separate": ("SELECT 1", "SELECT 4"),
}
READ = """
import importlib, json, sys
import django
from django.conf import settings
settings.configure()
django.setup()
from livemigrations.engine.digests import digest_of, is_unchanged, source_of
module = importlib.import_module(sys.argv[1])
migration = module.Migration("0001", "shop")
found = [digest_of(operation, migration) for operation in migration.operations]
for operation, digest in zip(migration.operations, found, strict=True):
    assert source_of(operation), digest
    assert len(digest) <= 64, digest
known = json.loads(sys.argv[2]) or found
print(json.dumps([found, [is_unchanged(*pair) for pair in
    ((operation, migration, digest) for operation, digest in zip(migration.operations, known))]]))
"""


def _module(folder: Path, text: str = "", name: str = "digested") -> Path:
    path = folder / f"{name}.py"
    path.write_text(HEAD + "".join(f"        {one},\n" for one in OPERATIONS.values()) + "    ]\n" + text)
    return path


def _read(
    folder: Path, known: list[str] | None = None, *, seed: int = 0, path: str | None = None
) -> tuple[dict[str, str], dict[str, bool]]:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([path or str(folder), str(processes.ROOT)]),
        "PYTHONHASHSEED": str(seed),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-c", READ, "digested", json.dumps(known)]
    done = processes.run(command, cwd=folder, env=environment, new_interpreter=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found, same = json.loads(done.stdout)
    return dict(zip(OPERATIONS, found, strict=True)), dict(zip(OPERATIONS, same, strict=True))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The file, and the digests that one process made of it."""
    folder = tmp_path_factory.mktemp("digests")
    _module(folder)
    return folder, _read(folder, seed=1)[0]


def test_every_process_makes_the_same_digests(first: tuple[Path, dict[str, str]]) -> None:
    folder, digests = first
    assert _read(folder, seed=2)[0] == digests
    assert len(set(digests.values())) == len(OPERATIONS)


def test_remarks_docstrings_and_other_operations_change_nothing(first: tuple[Path, dict[str, str]]) -> None:
    folder, digests = first
    file = folder / "digested.py"
    text = file.read_text()
    try:
        file.write_text(
            "\n\n# A remark.\n" + text.replace("# a remark", "# another").replace('"Copies."', '"Copies it."')
        )
        assert _read(folder)[0] == digests
        file.write_text(text.replace("made(2)", "made(4)"))
        others = {name: digest for name, digest in digests.items() if name != "closure"}
        assert {name: digest for name, digest in _read(folder)[0].items() if name != "closure"} == others
    finally:
        file.write_text(text)


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_operation_has_another_digest(first: tuple[Path, dict[str, str]], name: str) -> None:
    folder, digests = first
    file, (old, new) = folder / "digested.py", CHANGES[name]
    text = file.read_text()
    assert old in text
    try:
        file.write_text(text.replace(old, new))
        assert not _read(folder, list(digests.values()))[1][name]
    finally:
        file.write_text(text)


@pytest.mark.parametrize("kind", ["compiled", "zipped"])
def test_the_sources_may_be_missing(first: tuple[Path, dict[str, str]], tmp_path: Path, kind: str) -> None:
    folder, digests = first
    compiled = tmp_path / "digested.pyc"
    py_compile.compile(str(folder / "digested.py"), cfile=str(compiled), doraise=True)
    path = None
    if kind == "zipped":
        with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
            archive.write(compiled, "digested.pyc")
        compiled.unlink()
        path = str(tmp_path / "all.zip")
    found, same = _read(tmp_path, list(digests.values()), path=path)
    assert same == dict.fromkeys(OPERATIONS, True)
    assert found == _read(tmp_path, seed=3, path=path)[0]
    back = _read(folder, list(found.values()))[1]
    assert back == dict.fromkeys(OPERATIONS, True)


# --- whole runs ----------------------------------------------------------------------------------------------------

DISH = """
migrations.CreateModel("Dish", [("id", models.BigAutoField(primary_key=True)), ("note", models.TextField())]),
"""
PYTHON = """
class Work:
    def __call__(self, apps, editor):
        editor.execute("UPDATE shop_dish SET note = note || '!' WHERE id = 3")


class Migration("""
STEP = """
migrations.RunPython(Work(), Work()),
migrations.AddField("Dish", "born", models.DateTimeField(default=timezone.now())),
migrations.AlterField("Dish", "note", models.TextField(unique=True)),
"""
ROWS = "INSERT INTO shop_dish (note) SELECT 'n' || g FROM generate_series(1, 100) g;"


def _half_done(site: Site) -> None:
    site.shop(DISH, STEP)
    path = site.folder / "shop" / "migrations" / "0002_step.py"
    text = path.read_text().replace("\nclass Migration(", PYTHON, 1)
    path.write_text(text.replace("from core", "from django.utils import timezone\nfrom core", 1))
    site.migrate("shop", "0001", "-v0")
    site.database.psql(f"{ROWS} UPDATE shop_dish SET note = 'same' WHERE id < 3")
    assert "stands 2 times" in site.refused("shop")


@pytest.mark.slow
@pytest.mark.parametrize("way", ["forwards", "backwards"])
def test_a_half_applied_migration_goes_on_in_another_process(site: Site, way: str) -> None:
    _half_done(site)
    site.database.psql("UPDATE shop_dish SET note = 'other' WHERE id = 1")
    site.migrate("shop", "0002" if way == "forwards" else "0001", "-v0")
    with site.database.connect() as connection:
        [(note,)] = connection.execute("SELECT note FROM shop_dish WHERE id = 3").fetchall()
        [(columns,)] = connection.execute(
            "SELECT count(*) FROM information_schema.columns WHERE table_name = 'shop_dish'"
        ).fetchall()
    assert (note, columns) == (("n3!", 3) if way == "forwards" else ("n3!!", 2))


@pytest.mark.slow
def test_a_half_applied_migration_that_was_edited_is_refused(site: Site) -> None:
    _half_done(site)
    path = site.folder / "shop" / "migrations" / "0002_step.py"
    path.write_text(path.read_text().replace("|| '!'", "|| '?'"))
    site.database.psql("UPDATE shop_dish SET note = 'other' WHERE id = 1")
    said = site.refused("shop")
    assert "shop.0002_step was edited after it was half applied: operation 1" in said
    with site.database.connect() as connection:
        assert connection.execute("SELECT note FROM shop_dish WHERE id = 3").fetchone() == ("n3!",)


@pytest.mark.slow
def test_commands_work_without_sources(site: Site) -> None:
    site.shop(DISH, "migrations.RunPython(lambda apps, editor: None, lambda apps, editor: None),")
    site.migrate("shop", "0001", "-v0")
    site.database.psql(ROWS)
    for file in (site.folder / "shop").rglob("*.py"):
        py_compile.compile(str(file), cfile=str(file.with_suffix(".pyc")), doraise=True)
        file.unlink()
    for command in (["migrations", "plan"], ["migrations", "trace"], ["migrations", "lint"]):
        done = site.manage(*command, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode in (0, 1)
    assert "shop.0002_step" in site.manage("migrations", "plan").stdout
    site.migrate("-v0")
    site.migrate("shop", "0001", "-v0")

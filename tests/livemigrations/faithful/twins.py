"""Two copies of one database and two projects with the same migrations: one with plain Django, one with the engine."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent, indent

from tests.livemigrations.faithful.states import State, state
from tests.livemigrations.faithful.witness import Query, Witness
from tests.livemigrations.site import Site
from tests.support import templates
from tests.support.database import Database, fresh
from tests.support.postgres import PgServer

ROWS = 5000
FIRST = """
class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel("Dish", [
            ("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=50)),
            ("note", models.TextField()), ("price", models.IntegerField(null=True)),
        ]),
        migrations.CreateModel("Menu", [
            ("id", models.BigAutoField(primary_key=True)), ("title", models.TextField()),
        ]),
    ]
"""
NEXT = """\
from django.contrib.postgres import constraints, fields, functions, indexes, operations
from django.db.models import F, Q, Value
from django.db.models.functions import Lower, Now
from django.db.migrations.operations.base import Operation

{code}


class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = [("shop", "{before}")]
    operations = [
{operations}
    ]
"""
REMEDY = re.compile(r"Remedy|To fix this|Instead|allow-long-locks")


@dataclass(frozen=True, repr=False)
class Outcome:
    """What a command left: its exit code and output, the state of the database, and what the witness saw."""

    code: int
    output: str
    state: State
    seen: list[tuple[str, str]] = field(default_factory=list)

    @property
    def sights(self) -> set[tuple[str, str]]:
        """The different outcomes of the witness's queries."""
        return set(self.seen)

    def count(self, name: str) -> int:
        """How often a query of this name succeeded."""
        return sum(1 for other, found in self.seen if other == name and not found.startswith("ERROR"))


class Twin:
    """One of the two: a project, its database and its witness."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.ignoring: tuple[str, ...] = ()
        self.queries: list[Query] = []
        self.notes = site.folder / "witness.jsonl"

    def state(self) -> State:
        """The state of the database."""
        with self.site.database.connect() as connection:
            return state(connection, self.ignoring)

    def look(self, *queries: Query) -> None:
        """Have another session run these queries after every statement and commit of the following commands."""
        self.queries = list(queries)
        texts = [[query.name, query.sql, query.role, query.commits] for query in queries]
        dsn, notes = self.site.database.dsn, str(self.notes)
        self.site.set("from tests.livemigrations.faithful import witness")
        self.site.set(f"witness.install({dsn!r}, {texts!r}, {notes!r})")

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> Outcome:
        """Run ``migrate`` to its end, whatever that is."""
        self.notes.write_text("")
        self._look_once()
        done = self.site.migrate(*arguments, check=False, env=env)
        return self.after(done.returncode, done.stdout + done.stderr)

    def after(self, code: int, output: str) -> Outcome:
        """What a command left that ended with this exit code and output."""
        self._look_once()
        lines = [json.loads(line) for line in self.notes.read_text().splitlines()] if self.notes.exists() else []
        return Outcome(code, output, self.state(), [(name, str(found)) for name, found in lines])

    def _look_once(self) -> None:
        if self.queries:
            witness = Witness(self.site.database.dsn, self.queries, self.notes)
            witness.look()
            witness.close()


class Twins:
    """Both, and the comparison. Tests write migrations and SQL for both and run ``migrate`` on both."""

    def __init__(self, plain: Twin, live: Twin) -> None:
        self.plain, self.live = plain, live
        self.names = ["0001_initial"]

    def __iter__(self) -> Iterator[Twin]:
        return iter((self.plain, self.live))

    def sql(self, script: str) -> Twins:
        """Run SQL in both databases."""
        for twin in self:
            twin.site.database.psql(script)
        return self

    def set(self, line: str) -> Twins:
        """Add a line to the settings of both."""
        for twin in self:
            twin.site.set(line)
        return self

    def look(self, *queries: Query) -> Twins:
        """Have another session run these queries after every statement of the following commands."""
        for twin in self:
            twin.look(*queries)
        return self

    def ignore(self, *tables: str) -> Twins:
        """Do not compare the rows of these tables."""
        for twin in self:
            twin.ignoring = tables
        return self

    def migration(self, operations: str, *, code: str = "", atomic: bool = True, name: str = "") -> Twins:
        """Write the next migration for both, or write the one called ``name`` again."""
        if name:
            before = self.names[self.names.index(name) - 1]
        else:
            before, name = self.names[-1], f"{len(self.names) + 1:04}_step"
            self.names.append(name)
        body = indent(dedent(operations).strip("\n"), " " * 8)
        text = NEXT.format(code=dedent(code), atomic=atomic, before=before, operations=body)
        for twin in self:
            twin.site.migration("shop", name, text)
        return self

    def run_sql(self, script: str, reverse: str = "", *, atomic: bool = True) -> Twins:
        """Write a migration of one RunSQL."""
        back = repr(reverse) if reverse else "migrations.RunSQL.noop"
        return self.migration(f"migrations.RunSQL({script!r}, {back}),", atomic=atomic)

    def both(self, *arguments: str, env: Mapping[str, str] | None = None) -> tuple[Outcome, Outcome]:
        """Run ``migrate`` on both and compare nothing."""
        return self.plain.run(*arguments, env=env), self.live.run(*arguments, env=env)

    def faithful(
        self, *arguments: str, env: Mapping[str, str] | None = None, may_refuse: bool = False
    ) -> tuple[Outcome, Outcome]:
        """Run ``migrate`` on both; the engine must do what plain Django does.

        With ``may_refuse`` it may instead refuse before anything changed. Where plain Django fails, the engine must
        fail too and leave everything as plain Django leaves it. In no case may another session see something that
        it does not see beside plain Django.
        """
        before = self.live.state()
        plain, live = self.both(*arguments, env=env)
        compare(before, plain, live, may_refuse=may_refuse)
        return plain, live


def compare(before: State, plain: Outcome, live: Outcome, *, may_refuse: bool = False) -> None:
    """Assert that an outcome of the engine is no worse than that of plain Django."""
    shown = f"\n--- migrate of the engine exited with {live.code}:\n{live.output}"
    assert "Traceback" not in live.output, shown
    unseen = sorted(live.sights - plain.sights)
    assert not unseen, f"another session saw what it never sees beside plain Django: {unseen}{shown}"
    if plain.code == 0 and live.code == 0:
        lost = live.state.differences(plain.state)
        assert not lost, "the engine left (first) something else than plain Django:\n" + "\n".join(lost) + shown
        return
    if plain.code == 0:
        assert may_refuse, f"plain Django applied this migration, the engine did not{shown}"
        assert REMEDY.search(live.output), f"a refusal names a remedy{shown}"
    else:
        assert live.code, f"plain Django failed with\n{plain.output}\nand the engine did not{shown}"
    changed = live.state.differences(before)
    assert not changed, "the engine failed and left something changed (first: now):\n" + "\n".join(changed) + shown


@contextmanager
def twins(server: PgServer, folder: Path, *, apps: tuple[str, ...] = ()) -> Iterator[Twins]:
    """Two copies of a database with 5,000 dishes and 5,000 menus, made by plain Django."""

    def make(empty: Database) -> None:
        home = folder / "template"
        home.mkdir(exist_ok=True)
        Site(home, empty, live=False).app("shop", migrations={"0001_initial": FIRST})
        Site(home, empty, live=False, apps=("shop",)).migrate("-v0")
        empty.psql(
            "INSERT INTO shop_dish (name, note, price)"
            f" SELECT 'd' || g, 'n' || g, g FROM generate_series(1, {ROWS}) g;"
            f"INSERT INTO shop_menu (title) SELECT repeat('m', 30) || g FROM generate_series(1, {ROWS}) g; ANALYZE"
        )

    template = templates.template(server, "faithful", make)
    with fresh(server, template) as plain, fresh(server, template) as live:
        made = []
        for database, is_live in ((plain, False), (live, True)):
            home = folder / ("live" if is_live else "plain")
            home.mkdir()
            site = Site(home, database, live=is_live)
            site.apps = apps
            site.app("shop", migrations={"0001_initial": FIRST})
            made.append(Twin(site))
        yield Twins(*made)

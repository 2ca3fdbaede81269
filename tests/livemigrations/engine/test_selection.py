"""Going back by steps or sprints, and histories that the code does not know or that contradict themselves."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.livemigrations.site import IMPORTS, Site

THINGS = [
    f'migrations.CreateModel("Thing{number}", [("id", models.BigAutoField(primary_key=True))]),'
    for number in range(1, 5)
]
SPRINTS = {f"m{number:04}": f"sprint = {number}" for number in range(1, 5)}


def recorded(site: Site) -> list[str]:
    with site.database.connect() as connection:
        return [
            f"{row[0]}.{row[1]}" for row in connection.execute("SELECT app, name FROM django_migrations ORDER BY id")
        ]


def tables(site: Site) -> list[str]:
    with site.database.connect() as connection:
        rows = connection.execute(
            "SELECT relname FROM pg_class WHERE relname LIKE '%thing%' AND relkind = 'r' ORDER BY 1"
        )
        return [row[0] for row in rows]


def without(site: Site, name: str, label: str = "shop") -> Path:
    """Delete the file of a migration, as an older release does not have it."""
    path = site.folder / label / "migrations" / f"{name}.py"
    path.unlink()
    return path


def write(site: Site, label: str, name: str, operations: str, *, dependencies: list[tuple[str, str]], attributes: str = "pass") -> None:  # fmt: skip
    text = IMPORTS.format(attributes=attributes, dependencies=dependencies, operations=f"        {operations}")
    site.migration(label, name, text)


@pytest.mark.parametrize(
    "words", [("--back", "1"), ("--back", "2"), ("--back", "all"), ("--sprint", "1")], ids=" ".join
)
def test_an_older_migration_is_not_taken_back_for_one_that_is_not_in_the_code(
    site: Site, words: tuple[str, str]
) -> None:
    site.shop(*THINGS[:3], **SPRINTS)
    site.migrate("-v0")
    without(site, "0003_step")
    before = recorded(site), tables(site)
    said = site.refused(*words)
    assert "shop.0003_step is applied" in said
    assert "DELETE FROM django_migrations WHERE app = 'shop' AND name = '0003_step'" in said
    assert (recorded(site), tables(site)) == before
    if words[0] == "--sprint":
        assert site.manage("migrations", "plan", *words, check=False).returncode == 1


def test_an_unknown_migration_that_is_older_hinders_nobody(site: Site) -> None:
    site.shop(*THINGS[:1], label="gone")
    site.migrate("-v0")
    site.without("gone")
    site.shop(*THINGS[:2])
    site.migrate("-v0")
    site.migrate("--back", "2", "-v0")
    assert recorded(site) == ["gone.0001_step"]
    assert "gone.0001_step is applied" in site.refused("--back", "1")


def test_an_app_that_was_renamed_is_not_taken_for_another(site: Site) -> None:
    site.shop(*THINGS[:2])
    site.shop(THINGS[2], label="older")
    site.migrate("older", "-v0")
    site.migrate("-v0")
    site.without("shop")
    site.shop(*THINGS[:2], label="store")
    before = recorded(site), tables(site)
    assert "shop.0002_step is applied" in site.refused("--back", "1")
    assert (recorded(site), tables(site)) == before


def test_forward_goes_on_behind_what_is_not_in_the_code(site: Site) -> None:
    site.shop(*THINGS[:2])
    site.migrate("-v0")
    without(site, "0002_step")
    write(site, "shop", "0002_other", THINGS[2], dependencies=[("shop", "0001_step")])
    site.migrate("--forward", "1", "-v0")
    assert recorded(site) == ["shop.0001_step", "shop.0002_step", "shop.0002_other"]
    site.migrate("--back", "1", "-v0")
    assert recorded(site) == ["shop.0001_step", "shop.0002_step"]


def test_a_squashed_migration_is_as_old_as_what_it_replaces(site: Site) -> None:
    """Its row may be written later than that of another app's migration, or not at all."""
    site.shop(*THINGS[:2])
    site.migrate("-v0")
    site.shop(THINGS[2], label="blog")
    site.migrate("-v0")
    for name in ("0001_step", "0002_step"):
        without(site, name)
    replaces = 'replaces = [("shop", "0001_step"), ("shop", "0002_step")]'
    write(site, "shop", "0001_squashed", THINGS[0] + THINGS[1], dependencies=[], attributes=replaces)
    site.migrate("-v0")
    assert recorded(site)[-1] == "shop.0001_squashed"
    site.migrate("--back", "1", "-v0")
    assert "blog.0001_step" not in recorded(site)
    assert tables(site) == ["shop_thing1", "shop_thing2"]
    site.migrate("--back", "1", "-v0")
    assert recorded(site) == []


LOOKING = [
    ("migrations", "plan"),
    ("migrations", "trace"),
    ("migrations", "compatible"),
    ("migrations", "adopt", "--no-input"),
    ("migrate", "--no-input"),
    ("migrate", "--sql"),
]


@pytest.mark.parametrize("words", LOOKING, ids=" ".join)
def test_two_newest_migrations_of_one_app_are_refused(site: Site, words: tuple[str, ...]) -> None:
    site.shop(THINGS[0])
    site.migrate("-v0")
    for number, name in ((1, "0002_a"), (2, "0002_b")):
        write(site, "shop", name, THINGS[number], dependencies=[("shop", "0001_step")])
    before = recorded(site), tables(site)
    done = site.manage(*words, check=False)
    assert done.returncode == 1
    assert "Conflicting migrations detected; multiple leaf nodes in the migration graph: (0002_" in done.stderr
    assert "CREATE TABLE" not in done.stdout
    assert (recorded(site), tables(site)) == before


@pytest.mark.parametrize("words", [*LOOKING, ("migrate", "--back", "1")], ids=" ".join)
def test_an_inconsistent_history_is_refused_without_a_traceback(site: Site, words: tuple[str, ...]) -> None:
    site.shop(*THINGS[:3])
    site.migrate("-v0")
    with site.database.connect() as connection:
        connection.execute("DELETE FROM django_migrations WHERE name = '0002_step'")
    before = recorded(site), tables(site)
    done = site.manage(*words, check=False)
    assert done.returncode == 1
    assert "Migration shop.0003_step is applied before its dependency shop.0002_step" in done.stderr
    assert "Traceback" not in done.stderr
    assert (recorded(site), tables(site)) == before


def test_the_status_is_broken_where_migrate_would_refuse_to_begin(site: Site) -> None:
    site.shop(*THINGS[:3])
    site.migrate("-v0")
    with site.database.connect() as connection:
        connection.execute("DELETE FROM django_migrations WHERE name = '0002_step'")
    done = site.manage("migrations", "status", "--json", check=False)
    assert done.returncode == 2
    assert "applied before its dependency" in json.loads(done.stdout)["history_problem"]


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lambda site: site.migration("shop", "0002_step", "this is no Python"), "SyntaxError"),
        (
            lambda site: write(site, "shop", "0002_step", THINGS[1], dependencies=[("shop", "0007")]),
            "NodeNotFoundError",
        ),
        (lambda site: site.set('DATABASES["default"]["NAME"] = ""; DATABASES["default"]["OPTIONS"] = {"no": 1}'), ""),
        (lambda site: site.set('LIVEMIGRATIONS_LOCK_BUDGET_MS = "soon"'), "LIVEMIGRATIONS_LOCK_BUDGET_MS"),
    ],
    ids=["syntax", "dependency", "address", "setting"],
)
def test_a_status_that_cannot_be_read_is_broken_and_not_pending(
    site: Site, break_it: Callable[[Site], object], said: str
) -> None:
    site.shop(THINGS[0])
    break_it(site)
    done = site.manage("migrations", "status", "--json", check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr

"""Databases that another tool or a person made: what is proven, what is refused, what is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.livemigrations.inspection.quick import QuickSite, quick_site
from tests.livemigrations.site import Site
from tests.support.catalogs import catalog
from tests.support.database import Database

TYPEORM = """
CREATE FUNCTION uuid_generate_v4() RETURNS uuid LANGUAGE sql AS 'SELECT gen_random_uuid()';
CREATE TABLE "migrations" ("id" SERIAL NOT NULL, "timestamp" bigint NOT NULL, "name" character varying NOT NULL,
    CONSTRAINT "PK_8c82d7f526340ab734260ea46be" PRIMARY KEY ("id"));
CREATE TABLE "user" ("id" uuid NOT NULL DEFAULT uuid_generate_v4(), "firstName" character varying(100) NOT NULL,
    "email" character varying(255) NOT NULL, "isActive" boolean NOT NULL DEFAULT true,
    "createdAt" TIMESTAMP NOT NULL DEFAULT now(), "seenAt" TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "UQ_e12875dfb3b1d92d7d7c5377e22" UNIQUE ("email"),
    CONSTRAINT "PK_cace4a159ff9f2512dd42373760" PRIMARY KEY ("id"));
CREATE TABLE "order" ("id" SERIAL NOT NULL, "total" numeric(10,2) NOT NULL DEFAULT '0', "userId" uuid,
    CONSTRAINT "PK_1031171c13130102495201e3e20" PRIMARY KEY ("id"));
CREATE INDEX "IDX_caabe91507b3379c7ba73637b8" ON "order" ("userId");
ALTER TABLE "order" ADD CONSTRAINT "FK_caabe91507b3379c7ba73637b84" FOREIGN KEY ("userId") REFERENCES "user"("id")
    ON DELETE CASCADE ON UPDATE NO ACTION;
INSERT INTO "user" ("firstName", "email") SELECT 'n' || g, 'n' || g || '@example.com' FROM generate_series(1, 50) g;
INSERT INTO "order" ("userId") SELECT id FROM "user";
"""
STAMP = """
from django.db import models


class Stamp(models.DateTimeField):
    def db_type(self, connection):
        return "timestamp"
"""
USER = """
migrations.CreateModel("User", [
    ("id", models.UUIDField(primary_key=True, db_default=models.Func(function="uuid_generate_v4"))),
    ("first_name", models.CharField(max_length=100, db_column="firstName")),
    ("email", models.CharField(max_length=255)),
    ("is_active", models.BooleanField(db_default=True, db_column="isActive")),
    ("created_at", __import__("stamps").Stamp(db_default=TransactionNow(), db_column="createdAt")),
    ("seen_at", models.DateTimeField(db_default=TransactionNow(), db_column="seenAt", null=True))],
    options={"db_table": "user", "constraints": [models.UniqueConstraint(fields=["email"], name="user_email_key")]}),
"""
ORDER = """
migrations.CreateModel("Order", [("id", models.AutoField(primary_key=True)),
    ("total", models.DecimalField(max_digits=10, decimal_places=2, db_default=0)),
    ("user", models.ForeignKey("User", models.DB_CASCADE, null=True, db_column="userId"))],
    options={"db_table": "order"}),
"""
WITHOUT_KEY = """
migrations.AlterField("Order", "user", models.ForeignKey("User", models.DO_NOTHING, null=True, db_column="userId",
    db_constraint=False, db_index=False)),
"""


@pytest.fixture
def site(tmp_path: Path, database: Database) -> Iterator[QuickSite]:
    with quick_site(tmp_path, database) as made:
        yield made


def adopt(site: Site, *arguments: str, code: int = 0) -> str:
    """Run ``migrations adopt`` without questions; return what it says."""
    done = site.manage("migrations", "adopt", "--no-input", *arguments, check=False)
    assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done.stdout


def actions(site: Site, *arguments: str, code: int = 0) -> dict[str, str]:
    """What would be done with each migration."""
    found = json.loads(adopt(site, "--dry-run", "--json", *arguments, code=code))
    assert found["recorded"] == []
    return {migration["revision"].removeprefix("shop."): migration["action"] for migration in found["migrations"]}


def recorded(site: Site) -> list[str]:
    with site.database.connect() as connection:
        if connection.execute("SELECT to_regclass('django_migrations')").fetchone() == (None,):
            return []
        return [row[0] for row in connection.execute("SELECT name FROM django_migrations ORDER BY id")]


@pytest.mark.slow
@pytest.mark.postgres_matrix
def test_typeorm(any_database: Database, tmp_path: Path) -> None:
    """Camel case, uuid_generate_v4(), serial, TIMESTAMP, hashed names: the same by definition, and migrate goes on."""
    any_database.psql(TYPEORM)
    (tmp_path / "stamps.py").write_text(STAMP)
    with quick_site(tmp_path, any_database) as site, any_database.connect() as connection:
        site.shop(USER, ORDER, WITHOUT_KEY)
        before = catalog(connection)
        said = adopt(site)
        assert 'ALTER TABLE "user" RENAME CONSTRAINT "UQ_e12875dfb3b1d92d7d7c5377e22" TO "user_email_key";' in said
        assert recorded(site) == ["0001_step", "0002_step"]
        assert catalog(connection) == before
        site.migrate("-v0")
        gone = {name for name in before if name not in catalog(connection)}
        assert gone == {'constraints "order".FK_caabe91507b3379c7ba73637b84', "indexes IDX_caabe91507b3379c7ba73637b8"}
        assert connection.execute('SELECT count(*) FROM "order"').fetchone() == (50,)
        extra = json.loads(site.manage("migrations", "drift", "--json", check=False).stdout)["objects"]
        assert {(one["change"], one["object"]) for one in extra} == {
            ("extra", "table older"),
            ("extra", "table migrations"),
            ("other name", "constraint user.user_email_key"),
        }


PLACE = """
migrations.CreateModel("Place", [("id", models.BigAutoField(primary_key=True)), ("code", models.CharField(max_length=9))]),
"""
THING = """
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True)),
    ("place", models.ForeignKey("Place", models.CASCADE))]),
"""
CHANGES = """
migrations.AddField("Thing", "old", models.TextField(null=True)),
migrations.AlterField("Thing", "n", models.BigIntegerField(null=True)),
migrations.RenameField("Thing", "n", "count"),
"""
AGAIN = """
migrations.RemoveField("Thing", "old"),
migrations.AlterModelOptions("Thing", {"ordering": ["id"]}),
migrations.AddConstraint("Thing", models.CheckConstraint(condition=Q(count__gt=0), name="thing_positive")),
"""
BY_HAND = """
CREATE TABLE shop_place (id bigserial PRIMARY KEY, code varchar(9) NOT NULL);
CREATE TABLE shop_thing (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, count bigint CHECK (count > 0),
    place_id bigint NOT NULL REFERENCES shop_place (id));
INSERT INTO shop_place (code) SELECT 'p' || g FROM generate_series(1, 9) g;
INSERT INTO shop_thing (count, place_id) SELECT g, g % 9 + 1 FROM generate_series(1, 2000) g;
"""


def by_hand(site: Site, *operations: str, sql: str = "") -> Site:
    site.database.psql(BY_HAND + sql)
    return site.shop(*(operations or (PLACE, THING, CHANGES, AGAIN)))


@pytest.mark.slow
def test_by_hand_what_is_missing_is_named_then_recorded(site: Site) -> None:
    """The end of a history is enough: columns renamed, retyped and dropped meanwhile are looked for as they are now."""
    by_hand(site)
    said = adopt(site, code=1)
    statement = 'CREATE INDEX CONCURRENTLY "shop_thing_place_id_'
    assert recorded(site) == ["0001_step"]
    assert "stop      shop.0002_step" in said
    line = next(line.strip() for line in said.splitlines() if statement in line)
    with site.database.connect() as connection:
        connection.execute(line)
    adopt(site)
    assert recorded(site) == ["0001_step", "0002_step", "0003_step", "0004_step"]
    assert "No migrations to apply" in site.migrate().stdout
    with site.database.connect() as connection:
        runs = connection.execute("SELECT command, outcome FROM livemigrations_run").fetchall()
        assert runs == [("migrations adopt", "finished")] * 2
        assert connection.execute("SELECT count(*) FROM shop_thing").fetchone() == (2000,)


INDEX = "CREATE INDEX other_name ON shop_thing (place_id);"


OTHER_ACTION = """
ALTER TABLE shop_thing DROP CONSTRAINT shop_thing_place_id_fkey;
ALTER TABLE shop_thing ADD FOREIGN KEY (place_id) REFERENCES shop_place
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (
            "ALTER TABLE shop_place ALTER code TYPE text",
            ("column shop_place.code", "there: text NOT NULL", "(9) NOT NULL"),
        ),
        (
            "ALTER TABLE shop_thing ADD must int NOT NULL DEFAULT 1; ALTER TABLE shop_thing ALTER must DROP DEFAULT",
            ("must",),
        ),
        (
            f"{OTHER_ACTION} ON DELETE CASCADE",
            ("there: FOREIGN KEY (place_id) REFERENCES shop_place(id) ON DELETE CASCADE",),
        ),
        (
            f"{OTHER_ACTION}; ALTER TABLE shop_place DROP CONSTRAINT shop_place_pkey CASCADE, ADD CONSTRAINT pk PRIMARY KEY (id, code)",
            ("constraint shop_place.shop_place_pkey", "there: PRIMARY KEY (id, code)", "here:  PRIMARY KEY (id)"),
        ),
        ("ALTER TABLE shop_place RENAME TO x; CREATE VIEW shop_place AS SELECT * FROM x", ("there: VIEW AS SELECT",)),
    ],
    ids=["type", "unknown column", "another action of a key", "another primary key", "view"],
)
def test_what_differs_is_shown_and_nothing_at_all_is_written(site: Site, sql: str, said: tuple[str, ...]) -> None:
    by_hand(site, sql=f"{INDEX}{sql};")
    with site.database.connect() as connection:
        before = catalog(connection, books=True)
        text = adopt(site, code=1)
        for part in (*said, "so nothing is written"):
            assert part in text, text
        assert "so nothing is written" in adopt(site, "-v0", code=1)
        assert catalog(connection, books=True) == before


@pytest.mark.slow
def test_a_dry_run_writes_nothing_and_a_question_needs_somebody(site: Site) -> None:
    by_hand(site, sql=INDEX)
    with site.database.connect() as connection:
        before = catalog(connection, books=True)
        assert set(actions(site).values()) == {"record"}
        done = site.manage("migrations", "adopt", check=False)
        assert done.returncode == 1
        assert "--no-input" in done.stderr
        assert catalog(connection, books=True) == before
        assert site.database.scratches() == []


TWICE = """
    from django.db import connection
    from livemigrations.engine.reporter import Silent
    from livemigrations.inspection.adoption import adopt, examine
    both = [examine(connection) for _ in range(2)]
    print(json.dumps([len(adopt(connection, one, Silent())) for one in both]))
"""


def test_of_two_who_looked_at_the_same_time_the_second_records_nothing(site: Site) -> None:
    by_hand(site, sql=INDEX)
    assert site.python(TWICE) == [4, 0]
    assert recorded(site) == ["0001_step", "0002_step", "0003_step", "0004_step"]


WITH_OLD = """
migrations.CreateModel("Place", [("id", models.BigAutoField(primary_key=True)), ("code", models.CharField(max_length=9)),
    ("old", models.CharField(max_length=9, null=True)), ("older", models.TextField(null=True))]),
"""
NEW = 'migrations.AddField("Place", "new", models.CharField(max_length=9, null=True)),'
FILL = 'live.FillColumn("Place", "new", F("old")),'
WITHOUT_OLD = 'live.DropColumn("Place", "old", models.CharField(max_length=9, null=True)),'
WITHOUT_OLDER = 'live.DropColumn("Place", "older", models.TextField(null=True)),'


def test_a_sprint_that_drops_is_reached_although_nothing_of_that_is_to_be_seen(site: Site) -> None:
    site.database.psql(f"{BY_HAND} ALTER TABLE shop_place ADD new varchar(9);")
    numbers = {f"m{number:04}": f"sprint = {sprint}" for number, sprint in enumerate((0, 1, 1, 1, 2, 3), 1)}
    later = 'migrations.AddField("Place", "later", models.TextField(null=True)),'
    site.shop(WITH_OLD, NEW, FILL, WITHOUT_OLD, WITHOUT_OLDER, later, **numbers)
    found = json.loads(adopt(site, "--dry-run", "--json", "--accept", "shop.0003_step"))
    assert found["sprint"] == 2
    assert [one["action"] for one in found["migrations"]] == ["record"] * 5 + ["leave"]


CALLS = 'migrations.CreateModel("Called", [("id", models.UUIDField(primary_key=True, db_default=models.Func(function="made")))]),'
MAKES = 'migrations.RunSQL("CREATE FUNCTION own() RETURNS uuid LANGUAGE sql AS $$ SELECT gen_random_uuid() $$"),'
CALLS_OWN = 'migrations.AddField("Called", "other", models.UUIDField(db_default=models.Func(function="own"))),'
CALLED = """
CREATE FUNCTION made() RETURNS uuid LANGUAGE sql AS $$ SELECT gen_random_uuid() $$;
CREATE FUNCTION own() RETURNS uuid LANGUAGE sql AS $$ SELECT gen_random_uuid() $$;
CREATE TABLE shop_called (id uuid PRIMARY KEY DEFAULT made(), other uuid NOT NULL DEFAULT own());
"""


def test_a_function_of_defaults_counts_as_made_by_the_migration_that_makes_it(site: Site) -> None:
    """One that no migration makes is put in where it is missed; the other must not be there before its time."""
    site.database.psql(CALLED)
    site.shop(CALLS, MAKES, CALLS_OWN)
    assert actions(site) == {"0001_step": "record", "0002_step": "record", "0003_step": "record"}


PYTHON = "migrations.RunPython(lambda apps, editor: apps.get_model('shop', 'Place').objects.update(code='gone')),"
CHECK = """
live.AddCheck("Place", models.CheckConstraint(condition=Q(id__gt=0), name="place_id")),
"""


@pytest.mark.slow
def test_python_is_believed_only_on_request_and_never_run_on_the_database(site: Site) -> None:
    by_hand(site, PLACE, PYTHON, CHECK, sql="ALTER TABLE shop_place ADD CHECK (id > 0);")
    said = adopt(site, code=1)
    assert "--accept shop.0002_step:1" in said
    assert recorded(site) == []
    adopt(site, "--accept", "shop.0002:1")
    assert recorded(site) == ["0001_step", "0002_step", "0003_step"]
    with site.database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM shop_place WHERE code = 'gone'").fetchone() == (0,)


def test_who_ran_migrate_first_is_sent_here(site: Site) -> None:
    """What the failed run began is no hindrance."""
    by_hand(site, PLACE)
    failed = site.manage("migrate", "--no-input", check=False)
    assert failed.returncode == 1
    assert "manage.py migrations adopt records it" in failed.stderr
    adopt(site)
    assert recorded(site) == ["0001_step"]
    assert "No migrations to apply" in site.manage("migrate", "--no-input").stdout


def test_what_is_accepted_is_looked_up_before_anything_is_rehearsed(site: Site) -> None:
    site.shop(PLACE, PYTHON, 'migrations.RunSQL("SELECT 1 / 0"),')
    for beginning in ("shop.0002_step:1", "shop.0002:1", "shop.0002"):
        assert "does not run on an empty database" in adopt(site, "--accept", beginning, code=1)
    for unknown in (
        "shop.0007",
        "shop.",
        "shop.000",
        "shop.0002_step:2",
        "shop.0002_step:0",
        "shop.0002_step:x",
        "nope",
    ):
        said = adopt(site, "--accept", "shop.0002_step", "--accept", unknown, code=1)
        assert f"--accept {unknown}: there is no such migration or operation" in said


CODE = """
live.CreateFunction("touch", "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"),
live.CreateTrigger("Place", "place_touch", "BEFORE UPDATE", "touch()"),
live.CreateView("codes", "SELECT code FROM shop_place"),
live.AddIndex("Place", models.Index(fields=["code"], name="place_code")),
live.CommentIndexes({"place_code": "codes"}),
"""
SEED = """
live.AddUnique("Place", models.UniqueConstraint(fields=["code"], name="place_unique")),
live.SeedRows("shop.Place", ("code",), [{"code": "p1"}, {"code": "new"}]),
"""
REST = "ALTER TABLE shop_place ADD CONSTRAINT u UNIQUE (code); CREATE VIEW codes AS SELECT code FROM shop_place;"


@pytest.mark.slow
def test_a_gap_before_what_is_there_is_made_or_ends_it(site: Site) -> None:
    """Of the second migration a view is there, of the third the constraint and one row: the engine makes the rest.

    With its name from the migration, the constraint can be taken back as well.
    """
    by_hand(site, PLACE, CODE, SEED, sql=REST)
    assert actions(site, "--record-only", code=1) == {"0001_step": "record", "0002_step": "stop", "0003_step": "stop"}
    assert actions(site) == {"0001_step": "record", "0002_step": "complete", "0003_step": "complete"}
    adopt(site, "--rename")
    assert recorded(site) == ["0001_step", "0002_step", "0003_step"]
    with site.database.connect() as connection:
        found: dict[str, Any] = catalog(connection)
        assert {"triggers shop_place.place_touch", "indexes place_code", "functions touch()"} <= set(found)
        assert connection.execute("SELECT count(*) FROM shop_place WHERE code IN ('p1', 'new')").fetchone() == (2,)
        site.migrate("shop", "0001", "-v0")
        assert "views codes" not in catalog(connection)
    site.migrate("-v0")


@pytest.mark.slow
def test_only_one_app_and_only_up_to_a_name(site: Site) -> None:
    by_hand(site, sql=INDEX)
    site.shop("migrations.CreateModel('Other', [('id', models.BigAutoField(primary_key=True))]),", label="other")
    site.database.psql("CREATE VIEW other_other AS SELECT 1 AS id")
    assert actions(site, code=1)["other.0001_step"] == "stop"
    assert set(actions(site, "shop", "0003")) == {"0001_step", "0002_step", "0003_step"}
    adopt(site, "shop")
    assert len(recorded(site)) == 4
    assert "does not have migrations" in adopt(site, "nowhere", code=1)


@pytest.mark.slow
def test_keys_and_indexes_that_are_not_finished_are_no_proof(site: Site) -> None:
    by_hand(site, sql=INDEX)
    with site.database.connect() as connection:
        connection.execute("UPDATE pg_constraint SET convalidated = false WHERE conname = 'shop_thing_place_id_fkey'")
        said = adopt(site, code=1)
        assert 'ALTER TABLE "shop_thing" VALIDATE CONSTRAINT' in said
        assert recorded(site) == ["0001_step"]
        connection.execute("UPDATE pg_constraint SET convalidated = true WHERE conname = 'shop_thing_place_id_fkey'")
        connection.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'other_name'::regclass")
        said = adopt(site, code=1)
        assert "left invalid by a failed build" in said
        assert 'DROP INDEX CONCURRENTLY "other_name";' in said
        assert recorded(site) == ["0001_step"]


OWN_NAME = "CREATE INDEX another ON shop_place (code);"
NAMED = """
live.AddIndex("Place", models.Index(fields=["code"], name="place_code")),
live.CommentIndexes({"place_code": "codes"}),
"""


def test_what_is_missing_on_an_index_of_another_name_waits_for_its_name(site: Site) -> None:
    """The comment names the index as the migrations do: made without that name it would fail half-way."""
    by_hand(site, PLACE, NAMED, sql=OWN_NAME)
    said = adopt(site, code=1)
    assert 'ALTER INDEX "another" RENAME TO "place_code"' in said
    assert "index shop_place.place_code has another name there" in said
    assert recorded(site) == ["0001_step"]
    adopt(site, "--rename")
    assert recorded(site) == ["0001_step", "0002_step"]
    with site.database.connect() as connection:
        assert connection.execute("SELECT obj_description('place_code'::regclass)").fetchone() == ("codes",)


def test_a_gap_in_a_sprint_that_nobody_finished_is_made_too(site: Site) -> None:
    """What stands behind the gap would otherwise meet itself at the next migrate."""
    site.database.psql(f"{BY_HAND} CREATE TABLE shop_other (id bigserial PRIMARY KEY);")
    view = 'live.CreateView("codes", "SELECT code FROM shop_place"),'
    other, later = (
        f'migrations.CreateModel("{name}", [("id", models.BigAutoField(primary_key=True))]),'
        for name in ("Other", "Later")
    )
    sprints = {"m0001": "sprint = 0", "m0002": "sprint = 0", "m0003": "sprint = 1", "m0004": "sprint = 1"}
    site.shop(PLACE, view, other, later, **sprints)
    adopt(site)
    assert recorded(site) == ["0001_step", "0002_step", "0003_step"]
    site.migrate("--sprint", "1", "-v0")
    assert recorded(site)[-1] == "0004_step"

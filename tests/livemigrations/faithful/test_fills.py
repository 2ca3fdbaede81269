"""A column is filled in every row, and no trigger, policy or key makes a difference that plain Django does not make."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.livemigrations.faithful.twins import Twins
from tests.support.roles import role

COLUMNS = {
    "nullable": "models.UUIDField(db_default=functions.RandomUUID(), null=True)",
    "not null": "models.UUIDField(db_default=functions.RandomUUID())",
    "unique": "models.UUIDField(db_default=functions.RandomUUID(), unique=True)",
}
TOUCH = """
ALTER TABLE shop_dish ADD COLUMN updated_at timestamptz DEFAULT '2020-01-01';
CREATE TABLE audit (dish bigint);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN new.updated_at := now(); INSERT INTO audit VALUES (new.id); RETURN new; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON shop_dish FOR EACH ROW EXECUTE FUNCTION touch();
"""
VETO = """
CREATE FUNCTION veto() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF new.id % 2 = 0 THEN RETURN NULL; END IF; RETURN new; END $$;
CREATE TRIGGER veto BEFORE UPDATE ON shop_dish FOR EACH ROW EXECUTE FUNCTION veto();
"""
RAISE = """
CREATE FUNCTION veto() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'read only'; END $$;
CREATE TRIGGER veto BEFORE UPDATE ON shop_dish FOR EACH ROW EXECUTE FUNCTION veto();
"""
RULE = "CREATE RULE none AS ON UPDATE TO shop_dish DO INSTEAD NOTHING"
STATEMENT = """
CREATE TABLE audit (what text);
CREATE FUNCTION said() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO audit VALUES (tg_op); RETURN NULL; END $$;
CREATE TRIGGER said AFTER UPDATE ON shop_dish FOR EACH STATEMENT EXECUTE FUNCTION said();
"""
SETUPS = {
    "trigger that writes": TOUCH,
    "trigger that skips rows": VETO,
    "trigger that raises": RAISE,
    "trigger of the statement": STATEMENT,
    "rule": RULE,
}
KEYS = {
    "nullable key": """
        CREATE TABLE shop_old (id bigint UNIQUE, pad text DEFAULT repeat('x', 60));
        INSERT INTO shop_old (id) SELECT CASE WHEN g % 2 = 0 THEN g END FROM generate_series(1, 3000) g;""",
    "number that the model takes for text": """
        CREATE TABLE shop_old (id bigint PRIMARY KEY, pad text DEFAULT repeat('x', 60));
        INSERT INTO shop_old (id) SELECT g FROM generate_series(1, 3000) g;""",
    "key that is not unique": """
        CREATE TABLE shop_old (id bigint NOT NULL, pad text DEFAULT repeat('x', 60));
        INSERT INTO shop_old (id) SELECT g % 3 FROM generate_series(1, 3000) g;""",
    "network address that the model takes for text": """
        CREATE TABLE shop_old (id inet PRIMARY KEY, pad text DEFAULT repeat('x', 60));
        INSERT INTO shop_old (id) SELECT inet '10.0.0.0' + g FROM generate_series(1, 3000) g;""",
    "key that holds not a number": """
        CREATE TABLE shop_old (id double precision PRIMARY KEY, pad text DEFAULT repeat('x', 60));
        INSERT INTO shop_old (id) SELECT g FROM generate_series(1, 3000) g;
        INSERT INTO shop_old (id) VALUES ('NaN'), ('Infinity'), ('-Infinity');""",
}
MODELS = {
    "key that holds not a number": "FloatField",
    "nullable key": "BigIntegerField",
    "key that is not unique": "BigIntegerField",
}


def slug(name: str) -> str:
    return name.replace(" ", "-")


@pytest.mark.slow
@pytest.mark.parametrize("setup", SETUPS.values(), ids=map(slug, SETUPS))
@pytest.mark.parametrize("column", COLUMNS.values(), ids=map(slug, COLUMNS))
def test_triggers_and_rules_do_not_notice(pair: Twins, setup: str, column: str) -> None:
    pair.sql(setup).migration(f'migrations.AddField("Dish", "uid", {column}),').faithful(may_refuse=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", KEYS, ids=map(slug, KEYS))
@pytest.mark.parametrize("column", COLUMNS.values(), ids=map(slug, COLUMNS))
def test_every_row_is_filled_whatever_the_key(pair: Twins, name: str, column: str) -> None:
    key = f"models.{MODELS.get(name, 'TextField')}(primary_key=True)"
    pair.sql(KEYS[name] + "ANALYZE").migration(f"""
        migrations.SeparateDatabaseAndState(state_operations=[migrations.CreateModel("Old", [("id", {key})])]),
        migrations.AddField("Old", "uid", {column}),
    """)
    pair.faithful(may_refuse=True)


@pytest.fixture
def owned(pair: Twins) -> Iterator[Twins]:
    """Both projects connect as an ordinary role that owns the tables."""
    with ExitStack() as stack:
        for twin in pair:
            name = stack.enter_context(role(twin.site.database, owns=True))
            with twin.site.database.connect() as connection:
                connection.execute(f'GRANT CREATE ON DATABASE "{twin.site.database.name}" TO "{name}"')
            twin.site.set(f'DATABASES["default"]["USER"] = {name!r}')
        yield pair


@pytest.mark.slow
@pytest.mark.parametrize("column", COLUMNS.values(), ids=map(slug, COLUMNS))
@pytest.mark.parametrize("forced", [True, False], ids=["forced", "for-others"])
def test_rows_that_a_policy_hides_from_the_owner(owned: Twins, column: str, forced: bool) -> None:
    force = "ALTER TABLE shop_dish FORCE ROW LEVEL SECURITY;" if forced else ""
    owned.sql(f"""
        ALTER TABLE shop_dish ENABLE ROW LEVEL SECURITY; {force}
        CREATE POLICY own ON shop_dish USING (id % 10 = coalesce(current_setting('app.tenant', true), '0')::int);
    """)
    before = owned.live.state()
    owned.migration(f'migrations.AddField("Dish", "uid", {column}),')
    plain, live = owned.both()
    assert plain.code == 0, plain.output
    if live.code:
        assert "Traceback" not in live.output, live.output
        assert live.state.differences(before) == [], live.output
        assert live.state.rows["shop_dish"] == before.rows["shop_dish"]
    else:
        assert live.state.rows["shop_dish"]["uid"] == plain.state.rows["shop_dish"]["uid"], live.output

"""Constraints and indexes get the names that PostgreSQL gives them, and keep the parameters of their index."""

from __future__ import annotations

import pytest

from tests.livemigrations.faithful.twins import Twins

TWICE = {
    "check": ("ALTER TABLE shop_dish ADD CHECK (price > 0)", "ALTER TABLE shop_dish ADD CHECK (price > -1)"),
    "check of a column": (
        "ALTER TABLE shop_dish ADD COLUMN a int CHECK (a > 0); ALTER TABLE shop_dish RENAME a TO b",
        "ALTER TABLE shop_dish ADD COLUMN a int CHECK (a > 1)",
    ),
    "check of several columns": (
        "ALTER TABLE shop_dish ADD CHECK (price > 0 OR name <> '')",
        "ALTER TABLE shop_dish ADD CHECK (price > -1 OR name <> '')",
    ),
    "foreign key": (
        "ALTER TABLE shop_dish ADD FOREIGN KEY (price) REFERENCES shop_menu (id)",
        "ALTER TABLE shop_dish ADD FOREIGN KEY (price) REFERENCES shop_menu (id) ON DELETE CASCADE",
    ),
    "unique": ("ALTER TABLE shop_dish ADD UNIQUE (note)", "ALTER TABLE shop_dish ADD UNIQUE (note)"),
    "index": ("CREATE INDEX ON shop_dish (price)", "CREATE INDEX ON shop_dish (price) WHERE price > 3"),
    "expression index": ("CREATE INDEX ON shop_dish (lower(name))", "CREATE INDEX ON shop_dish (lower(name), price)"),
    "name of a table": ("CREATE TABLE shop_dish_price_idx (id int)", "CREATE INDEX ON shop_dish (price)"),
    "name of a sequence": ("CREATE SEQUENCE shop_dish_note_key", "ALTER TABLE shop_dish ADD UNIQUE (note)"),
    "long name": (
        "ALTER TABLE shop_dish ADD COLUMN a_name_of_sixty_three_bytes_which_is_the_most_that_postgresql_ke int",
        "CREATE INDEX ON shop_dish (a_name_of_sixty_three_bytes_which_is_the_most_that_postgresql_ke, price)",
    ),
}
PARAMETERS = {
    "unique with a fill factor": "ALTER TABLE shop_dish ADD CONSTRAINT u UNIQUE (note) WITH (fillfactor = 70)",
    "unique in a tablespace": "ALTER TABLE shop_dish ADD CONSTRAINT u UNIQUE (note) USING INDEX TABLESPACE pg_default",
    "unique with a tablespace and more": (
        "ALTER TABLE shop_dish ADD CONSTRAINT u UNIQUE (note) INCLUDE (price) WITH (fillfactor = 70)"
        " USING INDEX TABLESPACE pg_default DEFERRABLE INITIALLY DEFERRED"
    ),
    "unique column": "ALTER TABLE shop_dish ADD COLUMN code text UNIQUE WITH (fillfactor = 70)",
    "unique nulls not distinct": "ALTER TABLE shop_dish ADD CONSTRAINT u UNIQUE NULLS NOT DISTINCT (note)",
    "index with everything": (
        "CREATE UNIQUE INDEX i ON ONLY shop_dish USING btree (note text_pattern_ops DESC NULLS LAST) INCLUDE (price)"
        " WITH (fillfactor = 70, deduplicate_items = off) TABLESPACE pg_default WHERE price > 3"
    ),
}
FIELDS = {
    "slug": 'models.SlugField(null=True, unique=True, db_tablespace="pg_default")',
    "index": 'models.IntegerField(null=True, db_index=True, db_tablespace="pg_default")',
    "one to one": 'models.OneToOneField("Menu", models.CASCADE, null=True, db_tablespace="pg_default")',
}


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second"), TWICE.values(), ids=[name.replace(" ", "-") for name in TWICE])
@pytest.mark.parametrize("apart", [True, False], ids=["two-migrations", "one-script"])
def test_a_taken_name_is_numbered(pair: Twins, first: str, second: str, apart: bool) -> None:
    if apart:
        pair.run_sql(first).run_sql(second)
    else:
        pair.run_sql(f"{first}; {second}")
    pair.faithful()


@pytest.mark.slow
def test_a_field_whose_check_is_taken(pair: Twins) -> None:
    pair.migration('migrations.AddField("Dish", "size", models.PositiveIntegerField(default=1)),')
    pair.migration('migrations.RenameField("Dish", "size", "old_size"),')
    pair.migration('migrations.AddField("Dish", "size", models.PositiveIntegerField(default=2)),')
    pair.faithful()
    pair.faithful("shop", "0001")


@pytest.mark.slow
@pytest.mark.parametrize("script", PARAMETERS.values(), ids=[name.replace(" ", "-") for name in PARAMETERS])
def test_parameters_of_an_index_belong_to_it(pair: Twins, script: str) -> None:
    pair.run_sql(script).faithful()


@pytest.mark.slow
@pytest.mark.parametrize("field", FIELDS.values(), ids=[name.replace(" ", "-") for name in FIELDS])
@pytest.mark.parametrize("default", [True, False], ids=["setting", "field"])
def test_a_field_with_a_tablespace_for_its_index(pair: Twins, field: str, default: bool) -> None:
    if default:
        pair.set('DEFAULT_INDEX_TABLESPACE = "pg_default"')
        field = field.replace(', db_tablespace="pg_default"', "")
    pair.migration(f'migrations.AddField("Dish", "code", {field}),').faithful()
    pair.faithful("shop", "0001")

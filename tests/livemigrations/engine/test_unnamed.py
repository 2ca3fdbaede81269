"""Constraints and indexes without names get those that PostgreSQL would choose, numbered where a name is taken."""

from __future__ import annotations

import pytest

from tests.livemigrations.site import Site
from tests.support.catalogs import catalog, differences

TABLES = """
CREATE TABLE dish (id bigint PRIMARY KEY, price int, size int, note text);
CREATE TABLE other (id bigint PRIMARY KEY);
CREATE INDEX other_size_key ON other (id);
ALTER TABLE other ADD CONSTRAINT dish_note_check CHECK (id > 0);
INSERT INTO other SELECT g FROM generate_series(1, 5000) g;
INSERT INTO dish SELECT g, g, g, 'n' || g FROM generate_series(1, 5000) g;
"""
SCRIPTS = {
    "checks": "ALTER TABLE dish ADD CHECK (price > 0); ALTER TABLE dish ADD CHECK (price > -1), ADD CHECK (price > -2)",
    "a check of another table": "ALTER TABLE dish ADD CHECK (note <> '')",
    "keys": "ALTER TABLE dish ADD FOREIGN KEY (id) REFERENCES other; ALTER TABLE dish ADD FOREIGN KEY (id) REFERENCES other (id)",
    "indexes": "CREATE INDEX ON dish (price); CREATE INDEX ON dish (price) WHERE price > 3; CREATE INDEX ON dish (lower(note), (price + 1))",
    "uniques": "ALTER TABLE dish ADD UNIQUE (size); ALTER TABLE dish ADD UNIQUE (size)",
    "a name that is free again": "ALTER TABLE dish ADD CHECK (price > 0); ALTER TABLE dish DROP CONSTRAINT dish_price_check; ALTER TABLE dish ADD CHECK (price > 5 OR true)",
    "columns": "ALTER TABLE dish ADD c int CHECK (c > 0) CHECK (c < 9) UNIQUE; ALTER TABLE dish RENAME c TO d; ALTER TABLE dish ADD c int CHECK (c > 0)",
    "renamed": "ALTER TABLE dish ADD CHECK (price > 0); ALTER TABLE dish RENAME CONSTRAINT dish_price_check TO p; ALTER TABLE dish ADD CHECK (price > -1)",
}
PARAMETERS = {
    "fillfactor": "ALTER TABLE dish ADD CONSTRAINT u UNIQUE (note) WITH (fillfactor = 70)",
    "tablespace": "ALTER TABLE dish ADD c int UNIQUE USING INDEX TABLESPACE pg_default",
    "all": "ALTER TABLE dish ADD CONSTRAINT u UNIQUE (id) INCLUDE (note) WITH (fillfactor = 70) DEFERRABLE INITIALLY DEFERRED",
    "nulls": "ALTER TABLE dish ADD UNIQUE NULLS NOT DISTINCT (price) WITH (fillfactor = 70) USING INDEX TABLESPACE pg_default",
}


@pytest.mark.slow
@pytest.mark.parametrize("script", [*SCRIPTS.values(), *PARAMETERS.values()], ids=[*SCRIPTS, *PARAMETERS])
def test_the_catalog_is_that_of_the_plain_script(site: Site, script: str) -> None:
    site.shop(f"migrations.RunSQL({script!r}),")
    with site.database.connect() as connection:
        connection.execute(TABLES)
        with connection.transaction(force_rollback=True):
            connection.execute(script)
            plain = catalog(connection)
        # Without a window, some of these scripts would hold their lock while a constraint is validated.
        site.migrate("-v0", "--allow-long-locks")
        assert differences(plain, catalog(connection)) == []

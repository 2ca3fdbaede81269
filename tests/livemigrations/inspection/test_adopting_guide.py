"""The steps of docs/adopting.md on a schema that Django has never seen, from inspectdb to no drift."""

from __future__ import annotations

import json

import pytest

from tests.livemigrations.site import Site

FOREIGN = """
CREATE TABLE experiments (experiment_id serial PRIMARY KEY, name varchar(256) NOT NULL UNIQUE, stage varchar(32),
    CHECK (stage IN ('active', 'deleted')));
CREATE TABLE runs (run_uuid varchar(32) PRIMARY KEY, started bigint, experiment_id integer REFERENCES experiments);
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO experiments (name, stage) VALUES ('one', 'active');
INSERT INTO runs VALUES ('r1', 1, 1);
DROP TABLE older;
"""


@pytest.mark.slow
def test_from_inspectdb_to_no_drift(site: Site) -> None:
    site.database.psql(FOREIGN)
    written = site.manage("inspectdb", "experiments", "runs").stdout
    models = "\n".join(line for line in written.splitlines() if "managed = False" not in line and "import" not in line)
    checked = """
        constraints = [models.CheckConstraint(condition=models.Q(stage__in=["active", "deleted"]), name="experiments_stage_check")]
    """
    models = models.replace("        db_table = 'experiments'", f"        db_table = 'experiments'{checked}")
    site.set('LIVEMIGRATIONS_DRIFT_IGNORE = ["alembic_version"]')
    site.app("mlflow", migrations={})
    (site.folder / "mlflow" / "models.py").write_text(f"from django.db import models\n\n\n{models}\n")
    site.manage("makemigrations", "mlflow", "--plain")
    found = json.loads(site.manage("migrations", "adopt", "--dry-run", "--json", check=False).stdout)
    assert not found["conflict"], found
    missing = [m["sql"] for one in found["migrations"] for o in one["operations"] for m in o["missing"] if m["sql"]]
    assert missing, "the index of the foreign key, and those for LIKE"
    with site.database.connect() as connection:
        for statement in missing:
            connection.execute(statement)
    site.manage("migrations", "adopt", "mlflow", "--no-input")
    assert "No migrations to apply" in site.migrate().stdout
    assert "no drift" in site.manage("migrations", "drift").stdout
    with site.database.connect() as connection:
        assert connection.execute("SELECT name, run_uuid FROM experiments NATURAL JOIN runs").fetchall() == [
            ("one", "r1")
        ]

"""A bad and a good migration for each rule, run behind the tables of ``shelf.BASE``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """The operations that break a rule, the ones that keep it, and what else the migration has."""

    rule: str
    bad: str
    good: str
    attributes: str = "initial = False"
    good_attributes: str = "initial = False"
    extra: str = ""


def sql(text: str) -> str:
    """A RunSQL of one's own."""
    return f"migrations.RunSQL({text!r}, {'SELECT 1'!r}),"


def field(kind: str, name: str = "x") -> str:
    """A new field of the thing."""
    return f'migrations.AddField("thing", "{name}", models.{kind}),'


def column(kind: str, name: str) -> str:
    """A changed field of the thing."""
    return f'migrations.AlterField("thing", "{name}", models.{kind}),'


FILL = """
def fill(apps, schema_editor):
    things = apps.get_model("{label}", "Thing").objects
    for thing in things.filter(n=None):
        thing.n = 1
        thing.save()


def look(apps, schema_editor):
    for thing in apps.get_model("{label}", "Thing").objects.all():
        seen = dict(n=thing.n)
        seen.update(extra=1) if False else seen.update({{}})


def run_sql(apps, schema_editor):
    schema_editor.execute("UPDATE {label}_thing SET n = 1 WHERE n = 2")


def of_today(apps, schema_editor):
    from {label}.models import Today

    Today.objects.count()


class Own(migrations.operations.base.Operation):
    reduces_to_sql = True
    reversible = True

    def state_forwards(self, app_label, state):
        pass

    def database_forwards(self, app_label, schema_editor, before, after):
        schema_editor.execute("VACUUM FULL")

    def database_backwards(self, app_label, schema_editor, before, after):
        pass

"""
RUN = "migrations.RunPython({name}, look),"
PARTITION = "ALTER TABLE {label}_thing DETACH PARTITION {label}_thing_2024"
LONG = "x" * 64
INDEX = 'models.Index(fields=["{fields}"], name="thing_more")'

CASES = [
    Case(
        "LM001",
        sql("ALTER TABLE {label}_thing ADD COLUMN x uuid DEFAULT gen_random_uuid()"),
        field("UUIDField(db_default=functions.RandomUUID())"),
    ),
    Case(
        "LM002",
        field('GeneratedField(expression=F("n") + 1, output_field=models.IntegerField(), db_persist=True)'),
        field('GeneratedField(expression=F("n") + 1, output_field=models.IntegerField(), db_persist=False)'),
    ),
    Case("LM003", sql("ALTER TABLE {label}_thing ADD COLUMN x bigserial"), field("BigIntegerField(null=True)")),
    Case("LM004", column("BigIntegerField(null=True)", "n"), column("CharField(max_length=30)", "code")),
    Case(
        "LM005",
        'migrations.AddConstraint("thing", constraints.ExclusionConstraint(name="e", expressions=[("n", "=")])),',
        'live.AddCheck("thing", models.CheckConstraint(condition=Q(n__gt=0), name="e")),',
    ),
    Case(
        "LM006",
        sql("ALTER TABLE {label}_thing ADD PRIMARY KEY (n)"),
        sql("ALTER TABLE {label}_thing ADD PRIMARY KEY USING INDEX thing_n"),
    ),
    Case("LM007", sql("VACUUM (FULL) {label}_thing"), sql("VACUUM {label}_thing")),
    Case("LM008", sql("REINDEX TABLE {label}_thing"), sql("REINDEX TABLE CONCURRENTLY {label}_thing")),
    Case("LM009", sql("DO $$ BEGIN PERFORM 1; END $$"), sql("SELECT 1"), extra=FILL),
    Case("LM010", "Own(),", 'live.RemoveIndex("thing", "thing_n"),', extra=FILL),
    Case("LM011", sql("LOCK TABLE {label}_thing"), sql("SELECT 1 FROM {label}_thing")),
    Case("LM012", sql(PARTITION), sql(PARTITION + " CONCURRENTLY")),
    Case("LM013", sql("REFRESH MATERIALIZED VIEW v"), sql("REFRESH MATERIALIZED VIEW CONCURRENTLY v")),
    Case("LM014", sql("UPDATE {label}_thing SET n = 1 WHERE n = 2; COMMIT"), sql("SELECT 'COMMIT'")),
    Case("LM015", sql("ALTER SYSTEM SET work_mem = '1GB'"), sql("SET LOCAL work_mem = '1GB'")),
    Case(
        "LM016",
        sql("ALTER TABLE {label}_thing ADD COLUMN x text DEFAULT next_code()"),
        field('TextField(db_default=Func(function="next_code"))'),
    ),
    Case("LM017", sql("SET search_path = archive"), sql("SET LOCAL search_path = archive")),
    Case(
        "LM018",
        'migrations.AlterModelTableComment("thing", "50% of it"),',
        'migrations.AlterModelTableComment("thing", "100%% of it"),',
    ),
    Case(
        "LM101",
        f'migrations.AddIndex("thing", {INDEX.format(fields="code")}),',
        f'pg.AddIndexConcurrently("thing", {INDEX.format(fields="code")}),',
        good_attributes="atomic = False",
    ),
    Case(
        "LM102",
        'migrations.RemoveIndex("thing", "thing_n"),',
        'pg.RemoveIndexConcurrently("thing", "thing_n"),',
        good_attributes="atomic = False",
    ),
    Case(
        "LM103",
        sql("ALTER TABLE {label}_part ADD CONSTRAINT k FOREIGN KEY (amount) REFERENCES {label}_thing"),
        field('ForeignKey("{label}.part", models.CASCADE, null=True)', "best"),
    ),
    Case(
        "LM104",
        'migrations.AddConstraint("thing", models.CheckConstraint(condition=Q(n__gt=0), name="positive")),',
        'pg.AddConstraintNotValid("thing", models.CheckConstraint(condition=Q(n__gt=0), name="positive")),',
    ),
    Case(
        "LM105",
        'migrations.AddConstraint("thing", models.UniqueConstraint(fields=["code"], name="once")),',
        sql("CREATE UNIQUE INDEX CONCURRENTLY once ON {label}_thing (code)"),
        good_attributes="atomic = False",
    ),
    Case(
        "LM106",
        column("CharField(max_length=20)", "name"),
        column("CharField(max_length=20, null=True, blank=True)", "name"),
    ),
    Case(
        "LM107",
        field("TextField(null=True)") + '\nmigrations.AddField("part", "y", models.TextField(null=True)),',
        field("TextField(null=True)") + "\n" + field("TextField(null=True)", "y"),
    ),
    Case(
        "LM108",
        f'pg.AddIndexConcurrently("thing", {INDEX.format(fields="code")}),',
        f'pg.AddIndexConcurrently("thing", {INDEX.format(fields="code")}),',
        good_attributes="atomic = False",
    ),
    Case(
        "LM109",
        field("TextField(null=True)"),
        sql("SET LOCAL lock_timeout = '2s'") + "\n" + field("TextField(null=True)"),
    ),
    Case(
        "LM110",
        field("TextField(null=True)") + "\n" + field("TextField(null=True)", "y"),
        field("TextField(null=True)"),
        attributes="atomic = False",
        good_attributes="atomic = False",
    ),
    Case(
        "LM201",
        'migrations.RemoveField("thing", "n"),',
        'live.RetireColumn("thing", "n"),',
    ),
    Case("LM202", 'migrations.DeleteModel("Part"),', 'live.RetireTable("Part"),'),
    Case(
        "LM203",
        'migrations.RenameField("thing", "n", "number"),',
        column('IntegerField(db_column="n", null=True)', "n") + '\nmigrations.RenameField("thing", "n", "number"),',
    ),
    Case(
        "LM204",
        'migrations.RenameModel("Part", "Piece"),',
        'migrations.RenameModel("Part", "Piece"),\n'
        + sql("CREATE VIEW {label}_part AS SELECT * FROM {label}_piece"),
    ),
    Case("LM205", field('CharField(max_length=5, default="")'), field('CharField(max_length=5, db_default="")')),
    Case("LM206", column("CharField(max_length=20)", "name"), column("CharField(max_length=10)", "kind")),
    Case(
        "LM207",
        column("CharField(max_length=10)", "source"),
        column('CharField(max_length=10, db_default="shop")', "source"),
    ),
    Case(
        "LM208",
        'migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField("thing", "code")]),',
        'migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField("thing", "n")]),',
    ),
    Case(
        "LM209",
        sql("DROP VIEW totals"),
        sql("DROP VIEW totals; CREATE VIEW totals AS SELECT 1"),
    ),
    Case("LM210", sql("ALTER TABLE {label}_thing SET SCHEMA archive"), sql("ALTER INDEX thing_n RENAME TO other")),
    Case("LM211", sql("ALTER TABLE {label}_thing DROP CONSTRAINT c"), sql("SELECT 1")),
    Case(
        "LM212",
        'live.AddUnique("thing", models.UniqueConstraint(fields=["code"], name="once")),',
        field("CharField(max_length=5, unique=True, null=True)"),
    ),
    Case("LM213", column("CharField(max_length=10, null=True)", "code"), column("CharField(max_length=11)", "code")),
    Case(
        "LM214",
        sql("CREATE OR REPLACE VIEW totals AS SELECT 1"),
        sql("CREATE VIEW totals AS SELECT 1"),
    ),
    Case("LM215", sql("REVOKE UPDATE ON {label}_thing FROM app"), sql("GRANT UPDATE ON {label}_thing TO app")),
    Case("LM216", sql("ALTER TABLE {label}_thing DISABLE TRIGGER ALL"), sql("ALTER TABLE {label}_thing ENABLE TRIGGER t")),
    Case("LM217", sql("ALTER SEQUENCE s RESTART WITH 5"), sql("CREATE SEQUENCE s")),
    Case(
        "LM218",
        column('CharField(max_length=10, db_default="shop")', "source"),
        column('CharField(max_length=11, db_default="web")', "source"),
    ),
    Case("LM219", field("TextField(null=True)"), 'migrations.AlterModelOptions("thing", {"ordering": ["n"]}),'),
    Case("LM220", sql("ALTER TYPE status ADD VALUE 'draft'"), sql("CREATE TYPE status AS ENUM ('new')")),
    Case("LM301", sql("TRUNCATE {label}_thing"), sql("CREATE TABLE scratch (a int); TRUNCATE scratch")),
    Case("LM302", sql("DROP TABLE faxes CASCADE"), sql("DROP TABLE faxes")),
    Case(
        "LM303",
        sql("UPDATE {label}_thing SET n = (SELECT 1 WHERE true)"),
        sql("UPDATE {label}_thing SET n = 1 WHERE n IS NULL"),
    ),
    Case(
        "LM304",
        column('CharField(max_length=20, default="")', "name"),
        column("CharField(max_length=20)", "name"),
    ),
    Case(
        "LM305",
        field("TextField(null=True)") + "\n" + RUN.format(name="fill"),
        'migrations.AddField("part", "y", models.TextField(null=True)),\n' + RUN.format(name="fill"),
        extra=FILL,
    ),
    Case(
        "LM306",
        RUN.format(name="fill"),
        "migrations.RunPython(fill, look, atomic=False),\nmigrations.RunPython(look, look),",
        extra=FILL,
        good_attributes="atomic = False",
    ),
    Case(
        "LM307",
        field("UUIDField(default=uuid.uuid4, unique=True)"),
        field("UUIDField(null=True, unique=True)"),
    ),
    Case("LM401", "migrations.RunSQL('SELECT 1'),", "migrations.RunSQL('SELECT 1', ''),"),
    Case("LM402", "migrations.RunSQL('SELECT 1', ''),", "migrations.RunSQL('SELECT 1', 'SELECT 2'),"),
    Case("LM403", RUN.format(name="of_today"), RUN.format(name="look"), extra=FILL),
    Case("LM501", 'migrations.CreateModel("New", [("id", models.AutoField(primary_key=True))]),', field("TextField(null=True)")),
    Case("LM502", field("IntegerField(null=True)"), field("BigIntegerField(null=True)")),
    Case(
        "LM503",
        sql("CREATE TABLE t (id bigserial PRIMARY KEY)"),
        sql("CREATE TABLE t (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY)"),
    ),
    Case("LM504", sql("CREATE TABLE t (a json)"), field("JSONField(null=True)")),
    Case("LM505", sql("CREATE TABLE t (a char(5))"), sql("CREATE TABLE t (a varchar(5))")),
    Case("LM506", sql("CREATE TABLE t (a timestamp)"), sql("CREATE TABLE t (a timestamptz, b timestamp with time zone)")),
    Case("LM507", sql("CREATE TABLE t (a money)"), sql("CREATE TABLE t (money numeric(10, 2))")),
    Case("LM508", field("CharField(max_length=5, null=True)"), field("TextField(null=True)")),
    Case("LM509", sql("CREATE UNLOGGED TABLE t (a int)"), sql("CREATE TABLE t (a int)")),
    Case(
        "LM510",
        f'live.AddCheck("thing", models.CheckConstraint(condition=Q(n__gt=0), name="{LONG}")),',
        f'live.AddCheck("thing", models.CheckConstraint(condition=Q(n__gt=0), name="{LONG[1:]}")),',
    ),
    Case(
        "LM511",
        field('TextField(db_column="My Column", null=True)'),
        field('TextField(db_column="my_column", null=True)'),
    ),
    Case(
        "LM512",
        field('ForeignKey("{label}.part", models.CASCADE, null=True, db_index=False)', "best"),
        field('ForeignKey("{label}.part", models.CASCADE, null=True, db_index=False)', "best")
        + '\nlive.AddIndex("thing", models.Index(fields=["best", "n"], name="thing_best")),',
    ),
    Case(
        "LM513",
        f'live.AddIndex("thing", {INDEX.format(fields="n")}),',
        f'live.AddIndex("thing", {INDEX.format(fields="-n")}),',
    ),
    Case(
        "LM514",
        'live.AddIndex("thing", models.Index(fields=["n", "name", "code", "kind"], name="wide")),',
        'live.AddIndex("thing", models.Index(fields=["name", "code", "kind"], name="wide")),',
    ),
    Case(
        "LM515",
        field('ForeignKey("{label}.part", models.CASCADE, null=True)', "best"),
        field('ForeignKey("{label}.part", models.DB_CASCADE, null=True)', "best"),
    ),
    Case(
        "LM516",
        sql("CREATE TABLE t (a boolean, b bigint, c boolean, d bigint)"),
        sql("CREATE TABLE t (b bigint, d bigint, a boolean, c boolean)"),
    ),
    Case("LM517", sql("CREATE TYPE status AS ENUM ('new')"), sql("CREATE TYPE pair AS (a int, b int)")),
    Case("LM518", sql("CREATE DOMAIN email AS text CHECK (VALUE <> '')"), sql("CREATE DOMAIN email AS text")),
    Case(
        "LM519",
        'live.AddIndex("thing", models.Index(fields=["n", "code"], name="thing_more")),',
        'live.AddIndex("thing", models.Index(fields=["code", "n"], name="thing_more")),',
    ),
]  # fmt: skip

"""One migration for each thing that Django's operations can do to a table that exists."""

from __future__ import annotations

TABLES = """
migrations.CreateModel("Place", [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=50)),
    ("code", models.CharField(max_length=12, unique=True)), ("rank", models.IntegerField(default=0))]),
migrations.CreateModel("Other", [("id", models.AutoField(primary_key=True)), ("label", models.TextField())]),
migrations.CreateModel("Thing", [
    ("id", models.BigAutoField(primary_key=True)), ("title", models.CharField(max_length=30, db_index=True)),
    ("a", models.IntegerField()), ("b", models.IntegerField(null=True)), ("price", models.DecimalField(max_digits=8, decimal_places=2)),
    ("spare", models.TextField(default="")), ("data", models.JSONField(default=dict)), ("at", models.DateTimeField(null=True)),
    ("span", fields.IntegerRangeField(null=True)), ("tags", fields.ArrayField(models.TextField(), default=list)),
    ("place", models.ForeignKey("Place", models.CASCADE, related_name="+")),
], options={"unique_together": {("a", "title")}}),
migrations.CreateModel("Gone", [("id", models.BigAutoField(primary_key=True)),
    ("thing", models.ForeignKey("Thing", models.CASCADE))]),
"""

# What a populated table takes, by a name for each.
SAFE = {
    "new model": """
        migrations.CreateModel("Child", [("thing_ptr", models.OneToOneField("Thing", models.CASCADE, primary_key=True)),
            ("kind", models.CharField(max_length=5))]),""",
    "delete model": 'migrations.DeleteModel("Gone"),',
    "rename model": 'migrations.RenameModel("Other", "Another"),',
    "alter table": 'migrations.AlterModelTable("Another", "shop_Another table"),',
    "index after rename": 'migrations.AddIndex("Another", models.Index("label", name="another_label")),',
    "rename and index at once": """
        migrations.RenameModel("Another", "Third"),
        migrations.AddIndex("Third", models.Index(fields=["-label"], name="third_label")),""",
    "unique together on": 'migrations.AlterUniqueTogether("Thing", {("a", "title"), ("a", "id")}),',
    "unique together off": 'migrations.AlterUniqueTogether("Thing", set()),',
    "order with respect to": 'migrations.AlterOrderWithRespectTo("Thing", "place"),',
    "nullable": 'migrations.AddField("Thing", "n", models.IntegerField(null=True)),',
    "default": 'migrations.AddField("Thing", "d", models.CharField(max_length=9, default="it\'s 5%")),',
    "db_default": 'migrations.AddField("Thing", "dd", models.DateTimeField(db_default=TransactionNow())),',
    "statement time": 'migrations.AddField("Thing", "sn", models.DateTimeField(db_default=Now())),',
    "positive": 'migrations.AddField("Thing", "p", models.PositiveIntegerField(default=1)),',
    "unique": 'migrations.AddField("Thing", "u", models.CharField(max_length=9, null=True, unique=True)),',
    "indexed": 'migrations.AddField("Thing", "i", models.SlugField(default="x")),',
    "key": 'migrations.AddField("Thing", "k", models.ForeignKey("Place", models.SET_NULL, null=True, related_name="+")),',
    "key on delete": """
        migrations.AddField("Thing", "kd", models.ForeignKey("Place", models.DB_CASCADE, null=True, related_name="+")),""",
    "one to one": """
        migrations.AddField("Thing", "o", models.OneToOneField("Place", models.CASCADE, null=True, related_name="+")),""",
    "self": 'migrations.AddField("Thing", "me", models.ForeignKey("self", models.CASCADE, null=True)),',
    "many to many": 'migrations.AddField("Thing", "places", models.ManyToManyField("Place", related_name="+")),',
    "virtual": """
        migrations.AddField("Thing", "v", models.GeneratedField(
            expression=F("a") + 1, output_field=models.IntegerField(), db_persist=False)),""",
    "comment": 'migrations.AddField("Thing", "c", models.IntegerField(null=True, db_comment="it\'s; here")),',
    "table comment": 'migrations.AlterModelTableComment("Thing", "half of; things"),',
    "remove field": 'migrations.RemoveField("Thing", "spare"),',
    "remove key": 'migrations.RemoveField("Thing", "k"),',
    "remove many to many": 'migrations.RemoveField("Thing", "places"),',
    "rename field": 'migrations.RenameField("Thing", "a", "alpha"),',
    "null on": 'migrations.AlterField("Thing", "alpha", models.IntegerField(null=True)),',
    "null off": 'migrations.AlterField("Thing", "alpha", models.IntegerField()),',
    "null off with default": 'migrations.AlterField("Thing", "n", models.IntegerField(default=7)),',
    "wider": 'migrations.AlterField("Thing", "title", models.CharField(max_length=60, db_index=True)),',
    "to text": 'migrations.AlterField("Thing", "title", models.TextField(db_index=True)),',
    "more digits": 'migrations.AlterField("Thing", "price", models.DecimalField(max_digits=12, decimal_places=2)),',
    "unique on": 'migrations.AlterField("Thing", "b", models.IntegerField(null=True, unique=True)),',
    "unique off": 'migrations.AlterField("Thing", "b", models.IntegerField(null=True)),',
    "index on": 'migrations.AlterField("Thing", "price", models.DecimalField(max_digits=12, decimal_places=2, db_index=True)),',
    "index off": 'migrations.AlterField("Thing", "price", models.DecimalField(max_digits=12, decimal_places=2)),',
    "positive on": 'migrations.AlterField("Thing", "b", models.PositiveIntegerField(null=True)),',
    "db_default on": 'migrations.AlterField("Thing", "n", models.IntegerField(db_default=8)),',
    "db_default off": 'migrations.AlterField("Thing", "n", models.IntegerField()),',
    "key elsewhere": """
        migrations.AlterField("Thing", "place", models.ForeignKey("Third", models.CASCADE, related_name="+")),""",
    "key to one to one": """
        migrations.AlterField("Thing", "place", models.OneToOneField("Third", models.CASCADE, related_name="+")),""",
    "key without constraint": """
        migrations.AlterField("Thing", "place", models.ForeignKey("Third", models.CASCADE, related_name="+", db_constraint=False)),""",
    "key with constraint": """
        migrations.AlterField("Thing", "place", models.ForeignKey("Third", models.CASCADE, related_name="+")),""",
    "key on delete in the database": """
        migrations.AlterField("Thing", "place", models.ForeignKey("Third", models.DB_CASCADE, related_name="+")),""",
    "add index": 'migrations.AddIndex("Thing", models.Index("alpha", F("b").desc(), name="thing_ab")),',
    "partial index": 'migrations.AddIndex("Thing", models.Index(fields=["b"], condition=Q(b__gt=3), name="thing_p", include=["alpha"])),',
    "expression index": 'migrations.AddIndex("Thing", models.Index(Lower("title"), name="thing_e")),',
    "gin": 'migrations.AddIndex("Thing", indexes.GinIndex(fields=["data"], name="thing_g", fastupdate=False)),',
    "rename index": 'migrations.RenameIndex("Thing", "thing_abc", old_name="thing_ab"),',
    "remove index": 'migrations.RemoveIndex("Thing", "thing_p"),',
    "index together": 'operations.AddIndexConcurrently("Thing", models.Index(fields=["n", "d"], name="thing_nd")),',
    "index apart": 'operations.RemoveIndexConcurrently("Thing", "thing_nd"),',
    "check": 'migrations.AddConstraint("Thing", models.CheckConstraint(condition=Q(alpha__gt=-1) | Q(data={}), name="thing_c")),',
    "remove check": 'migrations.RemoveConstraint("Thing", "thing_c"),',
    "not valid": """
        operations.AddConstraintNotValid("Thing", models.CheckConstraint(condition=Q(alpha__lt=1000), name="thing_nv")),""",
    "unique constraint": 'migrations.AddConstraint("Thing", models.UniqueConstraint(fields=["id", "n"], name="thing_u1")),',
    "nulls not distinct": """
        migrations.AddConstraint("Thing", models.UniqueConstraint(fields=["id", "b"], name="thing_u2", nulls_distinct=False)),""",
    "deferrable": """
        migrations.AddConstraint("Thing", models.UniqueConstraint(
            fields=["id", "d"], name="thing_u3", deferrable=models.Deferrable.DEFERRED)),""",
    "include": """
        migrations.AddConstraint("Thing", models.UniqueConstraint(fields=["id"], include=["d"], name="thing_u4")),""",
    "expression unique": 'migrations.AddConstraint("Place", models.UniqueConstraint(Lower("code"), name="place_u5")),',
    "conditional unique": """
        migrations.AddConstraint("Place", models.UniqueConstraint(fields=["name"], condition=Q(rank__gt=5), name="place_u6")),""",
    "remove unique": 'migrations.RemoveConstraint("Thing", "thing_u3"),',
    "separate": """
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.AddField("Thing", "s1", models.IntegerField(null=True, unique=True)),
                migrations.AlterField("Thing", "s1", models.IntegerField(null=True)),
                migrations.RenameField("Thing", "s1", "s2"),
            ],
            state_operations=[migrations.AddField("Thing", "s2", models.IntegerField(null=True))]),""",
    "sql": """
        migrations.RunSQL(
            ["CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS $$ SELECT n * 2; $$ -- a remark",
             "ALTER TABLE shop_thing ADD q1 int UNIQUE, ADD q2 int CHECK (q2 IS NOT NULL OR q2 > 0) -- a remark",
             "ALTER TABLE shop_thing ADD FOREIGN KEY (q1) REFERENCES shop_place (id); CREATE INDEX ON shop_thing (q2)"],
            "ALTER TABLE shop_thing DROP q1, DROP q2; DROP FUNCTION twice(int)"),
        migrations.RunSQL([("UPDATE shop_thing SET d = %s WHERE id = 1", ["50%"])], migrations.RunSQL.noop),""",
    "sql that finds what it wants": """
        migrations.RunSQL(
            "CREATE TABLE IF NOT EXISTS shop_thing (x int); ALTER TABLE shop_thing ADD COLUMN IF NOT EXISTS q1 text;"
            "CREATE INDEX IF NOT EXISTS shop_thing_q2_idx ON shop_thing (q2)", migrations.RunSQL.noop),""",
    "python": "migrations.RunPython(copy, migrations.RunPython.noop),",
    "code": """
        live.CreateFunction("touch", "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN NEW.at := now(); RETURN NEW; END $$"),
        live.CreateTrigger("Thing", "thing_touch", "BEFORE UPDATE", "touch()"),
        live.CreateView("things", "SELECT id, title FROM shop_thing WHERE b > 3"),""",
}

# What a populated table cannot take: the operation, and a word of the code that is proposed instead.
HAZARDS = {
    "volatile default": (
        """live.AddColumnIfMissing("Thing", "h1", models.UUIDField(db_default=functions.RandomUUID())),""",
        "live.SetNotNull",
    ),
    "stored generated column": (
        """migrations.AddField("Thing", "h2", models.GeneratedField(
            expression=F("id") * 2, output_field=models.BigIntegerField(), db_persist=True)),""",
        "db_persist=False",
    ),
    "type": (
        'migrations.AlterField("Thing", "rank", models.TextField(default="")),',
        "live.ChangeColumnType(",
    ),
    "narrower": (
        'migrations.AlterField("Thing", "name", models.CharField(max_length=40)),',
        "live.ChangeColumnType(",
    ),
    "identity": (
        'migrations.RunSQL("ALTER TABLE shop_thing ADD h3 bigint GENERATED BY DEFAULT AS IDENTITY"),',
        "BigIntegerField(null=True)",
    ),
    "serial": ('migrations.RunSQL("ALTER TABLE shop_thing ADD h4 serial"),', "BigIntegerField(null=True)"),
    "exclusion": (
        """migrations.AddConstraint("Thing", constraints.ExclusionConstraint(
            name="thing_x", expressions=[("span", fields.RangeOperators.OVERLAPS)])),""",
        "trigger",
    ),
    "primary key": (
        'migrations.RunSQL("ALTER TABLE shop_bare ADD PRIMARY KEY (a)"),',
        "live.SetNotNull",
    ),
    "another expression": (
        'migrations.RunSQL("ALTER TABLE shop_bare ALTER c SET EXPRESSION AS (a * 3)"),',
        "window",
    ),
    "copy": ('migrations.RunSQL("ALTER TABLE shop_gone SET UNLOGGED"),', "window"),
}

"""Tables made, renamed and dropped; models that have none; names that need quotes; operations that are SQL or Python."""

from __future__ import annotations

from tests.livemigrations.schema.story import Step, Story

LINK = "auto_created=True, parent_link=True, primary_key=True, serialize=False"
TABLES = """
migrations.CreateModel("Pony", [("id", models.AutoField(primary_key=True)), ("pink", models.IntegerField(default=3)),
    ("weight", models.FloatField())], options={"indexes": [Index(fields=["pink"], name="tables_pony_idx")]}),
migrations.CreateModel("Rider", [("id", models.AutoField(primary_key=True)), ("pony", models.ForeignKey("Pony", CASCADE)),
    ("friend", models.ForeignKey("self", CASCADE, null=True))]),
migrations.CreateModel("Stable", [("id", models.AutoField(primary_key=True)), ("ponies", models.ManyToManyField("Pony"))]),
"""
ROWS = """
def add(apps, schema_editor):
    pony = apps.get_model("tables", "Pony")
    pony.objects.bulk_create([pony(id=-1, pink=1, weight=3.5), pony(id=-2, pink=2, weight=4.5)])
    apps.get_model("tables", "Shetland").objects.create(id=-3, pink=1, weight=4.0, cuteness=3)


def take(apps, schema_editor):
    apps.get_model("tables", "Shetland").objects.filter(id__lt=0).delete()
    apps.get_model("tables", "Pony").objects.filter(id__lt=0).delete()
"""
BROKEN = """
class Hidden(migrations.operations.base.Operation):
    reduces_to_sql = False
    reversible = True

    def state_forwards(self, app_label, state):
        pass

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        schema_editor.execute("CREATE TABLE tables_hidden (id int)")

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        schema_editor.execute("DROP TABLE tables_hidden")
"""
STEPS: dict[str, str | Step] = {
    "tables": TABLES,
    "child": f"""
        migrations.CreateModel("Shetland", [("pony_ptr", models.OneToOneField("Pony", CASCADE, {LINK})),
            ("cuteness", models.IntegerField(default=1))], bases=("tables.Pony",)),""",
    "proxy and unmanaged": """
        migrations.CreateModel("Proxy", [], options={"proxy": True}, bases=("tables.Pony",)),
        migrations.CreateModel("Unmanaged", [("id", models.AutoField(primary_key=True))], options={"managed": False}),""",
    "proxy gone": 'migrations.DeleteModel("Proxy"),',
    "swapped": """
        migrations.CreateModel("Swapped", [("id", models.AutoField(primary_key=True)), ("pink", models.IntegerField(default=1))],
            options={"swappable": "TEST_SWAP_MODEL"}),
        migrations.AddField("Swapped", "height", models.FloatField(null=True, default=5)),
        migrations.AddIndex("Swapped", Index(fields=["pink"], name="my_name_idx")),
        migrations.RemoveIndex("Swapped", "my_name_idx"),
        migrations.DeleteModel("Swapped"),""",
    "comments": """
        migrations.CreateModel("Noted", [("id", models.AutoField(primary_key=True)),
            ("name", models.CharField(max_length=255, db_comment="Custom comment", null=True))],
            options={"db_table_comment": "Custom table comment"}),
        migrations.AlterModelTableComment("Pony", "Custom pony comment"),""",
    "other comment": 'migrations.AlterModelTableComment("Noted", "New; it\'s new"),',
    "no comment": 'migrations.AlterModelTableComment("Noted", None),',
    "reserved and quoted": """
        migrations.CreateModel("Drop", [("when", models.CharField(max_length=12, primary_key=True))], options={"db_table": "select"}),
        migrations.CreateModel("Quoted", [("id", models.AutoField(primary_key=True)), ("order", models.IntegerField(default=0)),
            ("slug", models.SlugField(unique=True))], options={"db_table": '"tables_double_quoted"'}),
        migrations.CreateModel("ToQuoted", [("id", models.AutoField(primary_key=True)), ("to", models.ForeignKey("Quoted", CASCADE))]),
        migrations.AddField("Pony", "quoted", models.ForeignKey("Quoted", CASCADE, null=True)),
        migrations.AddField("Pony", "CamelCase", models.BigIntegerField(null=True, unique=True, db_index=True)),""",
    "camel case off": 'migrations.AlterField("Pony", "CamelCase", models.BigIntegerField(null=True)),',
    "odd table": """
        migrations.AlterModelTable("Quoted", "unique-table"),
        migrations.AlterUniqueTogether("Quoted", {("order", "slug")}),""",
    "another schema": """
        migrations.RunSQL("CREATE SCHEMA IF NOT EXISTS tables_other", migrations.RunSQL.noop),
        migrations.CreateModel("Foreign", [("id", models.AutoField(primary_key=True)), ("pink", models.IntegerField(null=True))],
            options={"db_table": '"tables_other"."tables_pony"'}),
        migrations.AddField("Foreign", "pony", models.ForeignKey("Pony", CASCADE, null=True)),
        migrations.AddField("Rider", "foreign", models.ForeignKey("Foreign", CASCADE, null=True)),""",
    "in another schema": """
        migrations.AddIndex("Foreign", Index(fields=["pink"], name="tables_foreign_idx")),
        migrations.AddConstraint("Foreign", CheckConstraint(condition=Q(pink__gt=-5), name="tables_foreign_check")),
        migrations.AddConstraint("Foreign", UniqueConstraint(fields=["pink"], name="tables_foreign_uniq")),""",
    "back from another schema": """
        migrations.RemoveConstraint("Foreign", "tables_foreign_check"),
        migrations.RemoveConstraint("Foreign", "tables_foreign_uniq"),
        migrations.AlterField("Foreign", "pink", models.IntegerField(default=2)),""",
    "order": 'migrations.AlterOrderWithRespectTo("Rider", "pony"),',
    "options": """
        migrations.AlterModelOptions("Pony", {"permissions": [("can_groom", "Can groom")]}),
        migrations.AlterModelManagers("Pony", [("mine", models.Manager())]),
        migrations.AlterModelOptions("Pony", {}),
        migrations.AlterModelManagers("Pony", []),""",
    "sql": r"""
        migrations.RunSQL("CREATE TABLE i_love_ponies (id int, special_thing varchar(15));\n"
            "INSERT INTO i_love_ponies (id, special_thing) VALUES (1, 'i love ponies'); -- this is magic!\n"
            "INSERT INTO i_love_ponies (id, special_thing) VALUES (2, 'i love django');\n"
            "UPDATE i_love_ponies SET special_thing = 'Ponies' WHERE special_thing LIKE '%%ponies';"
            "UPDATE i_love_ponies SET special_thing = 'Django' WHERE special_thing LIKE '%django';",
            "DELETE FROM i_love_ponies WHERE special_thing LIKE '%Django%';"
            "DELETE FROM i_love_ponies WHERE special_thing LIKE '%%Ponies%%';DROP TABLE i_love_ponies",
            state_operations=[migrations.CreateModel("SomethingElse", [("id", models.AutoField(primary_key=True))])]),""",
    "sql with parameters": """
        migrations.RunSQL(
            ("INSERT INTO i_love_ponies (id, special_thing) VALUES (3, 'Django');",
             ["INSERT INTO i_love_ponies (id, special_thing) VALUES (4, %s);", ["Ponies"]],
             ("INSERT INTO i_love_ponies (id, special_thing) VALUES (%s, %s);", (5, "Python"))),
            ["DELETE FROM i_love_ponies WHERE special_thing = 'Django';",
             ["DELETE FROM i_love_ponies WHERE special_thing = 'Ponies';", None],
             ("DELETE FROM i_love_ponies WHERE id = %s OR special_thing = %s;", [5, "Python"])]),
        migrations.RunSQL(migrations.RunSQL.noop, migrations.RunSQL.noop),""",
    "python": Step("migrations.RunPython(add, take),", code=ROWS),
    "python that is not atomic": Step("migrations.RunPython(take, add, atomic=False),", code=ROWS, atomic=False),
    "python that does nothing": "migrations.RunPython(migrations.RunPython.noop, migrations.RunPython.noop),",
    "an operation of its own": Step("Hidden(),", code=BROKEN),
    "separate": """
        migrations.SeparateDatabaseAndState(
            [migrations.CreateModel("ILove", [("id", models.AutoField(primary_key=True))], options={"db_table": "iloveponies"}),
             migrations.CreateModel("ILoveMore", [("id", models.AutoField(primary_key=True))], options={"db_table": "ilovemore"}),
             migrations.DeleteModel("ILoveMore"),
             migrations.CreateModel("ILoveEvenMore", [("id", models.AutoField(primary_key=True))], options={"db_table": "iloveevenmore"})],
            [migrations.CreateModel("Other", [("id", models.AutoField(primary_key=True))], options={"db_table": "somethingelse"}),
             migrations.DeleteModel("Other")]),""",
    "separate sql": """
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL("CREATE TABLE i_love_more (id int, special_thing int);", "DROP TABLE i_love_more;")],
            [migrations.CreateModel("Loved", [("id", models.AutoField(primary_key=True))])]),""",
    "table and back": """
        migrations.AlterModelTable("Pony", "tables_pony_2"),
        migrations.AlterModelTable("Rider", "tables_renamed_rider"),
        migrations.AlterModelTable("Rider", None),""",
    "deferred to the end": """
        migrations.CreateModel("Late", [("id", models.AutoField(primary_key=True)), ("title", models.CharField(max_length=100, db_index=True)),
            ("pony", models.ForeignKey("Pony", CASCADE)), ("old", models.CharField(max_length=127, unique=True))]),
        migrations.AlterModelTable("Late", "tables_later"),
        migrations.RenameField("Late", "title", "renamed"),
        migrations.RenameField("Late", "pony", "horse"),
        migrations.AlterField("Late", "old", models.CharField(max_length=127)),
        migrations.RemoveField("Late", "old"),""",
    "child gone": 'migrations.DeleteModel("Shetland"),',
    "model gone": 'migrations.DeleteModel("Stable"),',
    "referenced model gone": """
        migrations.AlterOrderWithRespectTo("Rider", None),
        migrations.AlterField("Rider", "pony", models.ForeignKey("Pony", CASCADE, null=True)),
        migrations.RemoveField("Rider", "pony"),
        migrations.DeleteModel("Rider"),""",
}
FAILED = frozenset(
    {
        "down deferred to the end",
    }
)
STORY = Story("tables", STEPS, failed=FAILED)

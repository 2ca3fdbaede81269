"""Primary keys: numbered by identity, by sequences or by nobody; their types, and those of the keys that follow them."""

from __future__ import annotations

from tests.livemigrations.schema.story import Step, Story

LINK = "auto_created=True, parent_link=True, primary_key=True, serialize=False"
TABLES = f"""
migrations.CreateModel("Plain", [("id", models.AutoField(primary_key=True)), ("uuid", models.UUIDField(default=None, null=True))]),
migrations.CreateModel("Whole", [("i", models.IntegerField(primary_key=True)), ("j", models.IntegerField(unique=True))],
    options={{"db_table": "INTEGERPK"}}),
migrations.CreateModel("Small", [("i", models.SmallIntegerField(primary_key=True))]),
migrations.CreateModel("Word", [("id", models.CharField(max_length=255, primary_key=True))]),
migrations.CreateModel("Named", [("name", models.CharField(max_length=255, primary_key=True))]),
migrations.CreateModel("Reserved", [("when", models.CharField(max_length=30, primary_key=True))], options={{"db_table": "drop"}}),
migrations.CreateModel("Quoted", [("id", models.AutoField(primary_key=True, db_column='"quoted_id"'))]),
migrations.CreateModel("Table", [("id", models.AutoField(primary_key=True))], options={{"db_table": '"primary_foo"'}}),
migrations.CreateModel("Node", [("node_id", models.AutoField(primary_key=True)),
    ("parent", models.ForeignKey("self", CASCADE, null=True))]),
migrations.CreateModel("Pony", [("id", models.AutoField(primary_key=True)), ("code", models.IntegerField(unique=True))]),
migrations.CreateModel("Shetland", [("pony_ptr", models.OneToOneField("Pony", CASCADE, {LINK})),
    ("kind", models.IntegerField())], bases=("primary.Pony",)),
migrations.CreateModel("ShetlandRider", [("id", models.AutoField(primary_key=True)), ("pony", models.ForeignKey("Shetland", CASCADE))]),
migrations.CreateModel("Rider", [("id", models.AutoField(primary_key=True)), ("pony", models.ForeignKey("Pony", CASCADE)),
    ("loose", models.ForeignKey("Pony", CASCADE, db_constraint=False, related_name="+")),
    ("coded", models.ForeignKey("Pony", CASCADE, to_field="code", related_name="+"))]),
migrations.CreateModel("Stable", [("id", models.AutoField(primary_key=True)), ("ponies", models.ManyToManyField("Pony"))]),
migrations.CreateModel("Slug", [("id", models.CharField(primary_key=True, max_length=100)),
    ("slug", models.CharField(unique=True, max_length=100))]),
migrations.CreateModel("Related", [("id", models.AutoField(primary_key=True)), ("slug", models.ForeignKey("Slug", CASCADE)),
    ("other", models.OneToOneField("Slug", CASCADE, to_field="slug", related_name="+"))]),
migrations.CreateModel("Dependent", [("id", models.AutoField(primary_key=True)),
    ("related", models.ForeignKey("Related", CASCADE, to_field="other_id"))]),
migrations.CreateModel("Bases", [("id", models.AutoField(primary_key=True))]),
migrations.CreateModel("Swap", [("id", models.AutoField(primary_key=True)), ("uuid", models.UUIDField(null=True))]),
migrations.CreateModel("Composed", [("id", models.AutoField(primary_key=True)), ("pink", models.IntegerField(default=3))]),
migrations.CreateModel("Heir", [("id", models.AutoField(primary_key=True))]),
migrations.CreateModel("Tag", [("id", models.AutoField(primary_key=True)), ("slug", models.SlugField(unique=True))]),
"""
STEPS: dict[str, str | Step] = {
    "tables": TABLES,
    "identity to nothing": 'migrations.AlterField("Plain", "id", models.IntegerField(primary_key=True)),',
    "nothing to identity": """
        migrations.AlterField("Whole", "i", models.AutoField(primary_key=True)),
        migrations.AlterField("Small", "i", models.SmallAutoField(primary_key=True)),""",
    "identity as it was": 'migrations.AlterField("Whole", "i", models.AutoField(primary_key=True, verbose_name="x")),',
    "wider identity": 'migrations.AlterField("Whole", "i", models.BigAutoField(primary_key=True)),',
    "integer to wider identity": 'migrations.AlterField("Plain", "id", models.BigAutoField(primary_key=True)),',
    "narrower identity": 'migrations.AlterField("Plain", "id", models.SmallAutoField(primary_key=True)),',
    "small identity to whole": 'migrations.AlterField("Small", "i", models.AutoField(primary_key=True)),',
    "identity to char": 'migrations.AlterField("Plain", "id", models.CharField(primary_key=True, max_length=50)),',
    "char to identity": 'migrations.AlterField("Word", "id", models.AutoField(primary_key=True)),',
    "quoted column": """
        migrations.AlterField("Quoted", "id", models.BigAutoField(primary_key=True, db_column='"quoted_id"')),""",
    "quoted table": 'migrations.AlterField("Table", "id", models.BigAutoField(primary_key=True)),',
    "the same name": 'migrations.AlterField("Reserved", "when", models.CharField(max_length=31, primary_key=True)),',
    "collation": 'migrations.AlterField("Reserved", "when", models.CharField(max_length=31, primary_key=True, db_collation="C")),',
    "primary key to unique": 'migrations.AlterField("Whole", "i", models.BigIntegerField(unique=True)),',
    "unique to primary key": 'migrations.AlterField("Whole", "j", models.IntegerField(primary_key=True)),',
    "referenced by itself": 'migrations.AlterField("Node", "node_id", models.BigAutoField(primary_key=True)),',
    "wider with keys": 'migrations.AlterField("Pony", "id", models.BigAutoField(primary_key=True)),',
    "another type with keys": 'migrations.AlterField("Pony", "id", models.FloatField(primary_key=True)),',
    "referenced field": 'migrations.AlterField("Pony", "code", models.CharField(max_length=100, unique=True)),',
    "referenced by others": """
        migrations.AlterField("Slug", "id", models.CharField(primary_key=True, max_length=101)),
        migrations.AlterField("Slug", "slug", models.CharField(unique=True, max_length=111)),""",
    "collation with keys": """
        migrations.AlterField("Slug", "id", models.CharField(primary_key=True, max_length=101, db_collation="C")),""",
    "char to number with keys": 'migrations.AlterField("Slug", "id", models.BigIntegerField(primary_key=True)),',
    "another field": Step(
        """
        migrations.RunSQL("UPDATE primary_swap SET uuid = md5(id::text)::uuid", migrations.RunSQL.noop),
        migrations.AlterField("Swap", "uuid", models.UUIDField()),
        migrations.RemoveField("Swap", "id"),
        migrations.AlterField("Swap", "uuid", models.UUIDField(primary_key=True)),"""
    ),
    "unique to primary": """
        migrations.RemoveField("Tag", "id"),
        migrations.AlterField("Tag", "slug", models.SlugField(primary_key=True)),""",
    "key to a new field": """
        migrations.AddField("Bases", "uuid", models.UUIDField(null=True)),
        migrations.RunSQL("UPDATE primary_bases SET uuid = md5(id::text)::uuid", migrations.RunSQL.noop),
        migrations.AlterField("Bases", "uuid", models.UUIDField()),
        migrations.RemoveField("Bases", "id"),
        migrations.RenameField("Bases", "uuid", "id"),
        migrations.AlterField("Bases", "id", models.UUIDField(primary_key=True)),""",
    "no key and then identity": """
        migrations.AlterField("Named", "name", models.CharField(max_length=255)),
        migrations.AddField("Named", "id", models.AutoField(primary_key=True)),""",
    "serial": """
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL("CREATE TABLE primary_serial (id smallserial NOT NULL PRIMARY KEY)", "DROP TABLE primary_serial")],
            [migrations.CreateModel("Serial", [("id", models.SmallAutoField(primary_key=True))])]),""",
    "serial to wider identity": 'migrations.AlterField("Serial", "id", models.BigAutoField(primary_key=True)),',
    "wider identity to identity": 'migrations.AlterField("Serial", "id", models.AutoField(primary_key=True)),',
    "composite": """
        migrations.CreateModel("Release", [("pk", models.CompositePrimaryKey("version", "name")),
            ("version", models.IntegerField()), ("name", models.CharField(max_length=20))]),""",
    "field of a composite": """
        migrations.RenameField("Release", "name", "renamed_field"),
        migrations.AddField("Release", "extra", models.CharField(default="x", max_length=20)),""",
    "to composite": """
        migrations.AlterField("Composed", "id", models.IntegerField(primary_key=True)),
        migrations.AddField("Composed", "pk", models.CompositePrimaryKey("id", "pink")),""",
    "composite taken apart": """
        migrations.AlterField("Composed", "id", models.IntegerField()),
        migrations.RemoveField("Composed", "pk"),""",
    "identity to key": 'migrations.AlterField("Heir", "id", models.OneToOneField("Word", CASCADE, primary_key=True)),',
}
REFUSED = frozenset(
    {
        "down another field",
        "down another type with keys",
        "down char to identity",
        "down char to number with keys",
        "down collation",
        "down collation with keys",
        "down identity to char",
        "down integer to wider identity",
        "down key to a new field",
        "down narrower identity",
        "down no key and then identity",
        "down quoted column",
        "down quoted table",
        "down referenced by itself",
        "down referenced by others",
        "down referenced field",
        "down serial to wider identity",
        "down small identity to whole",
        "down the same name",
        "down unique to primary",
        "down wider identity",
        "down wider identity to identity",
        "down wider with keys",
        "up another field",
        "up another type with keys",
        "up char to identity",
        "up char to number with keys",
        "up collation",
        "up collation with keys",
        "up identity to char",
        "up integer to wider identity",
        "up key to a new field",
        "up narrower identity",
        "up no key and then identity",
        "up quoted column",
        "up quoted table",
        "up referenced by itself",
        "up referenced field",
        "up serial to wider identity",
        "up small identity to whole",
        "up wider identity",
        "up wider identity to identity",
        "up wider with keys",
    }
)
STORY = Story("primary", STEPS, refused=REFUSED)

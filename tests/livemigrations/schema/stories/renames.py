"""Columns, indexes and tables that get another name, with what hangs on them."""

from __future__ import annotations

from tests.livemigrations.schema.story import Step, Story

LONG = "with_an_even_longer_name_so_that_names_of_its_constraints_are_cut"
TABLES = """
migrations.CreateModel("Rider", [("id", models.AutoField(primary_key=True)), ("name", models.CharField(max_length=255, unique=True)),
    ("friend", models.ForeignKey("self", CASCADE, null=True)), ("title", models.CharField(max_length=255))]),
migrations.CreateModel("Pony", [("id", models.AutoField(primary_key=True)), ("pink", models.IntegerField(default=3)),
    ("weight", models.FloatField()), ("field", models.IntegerField(db_column="db_field")),
    ("year", models.IntegerField(db_default=1985)), ("info", models.TextField()),
    ("rider", models.ForeignKey("Rider", CASCADE, to_field="name")),
    ("loose", models.ForeignKey("Rider", CASCADE, to_field="name", db_constraint=False, related_name="+")),
    ("foal", models.ForeignKey("self", CASCADE, db_column="db_foal", null=True)),
    ("field_with_very_looooooong_name", models.PositiveIntegerField(null=True))],
    options={"unique_together": {("pink", "weight")}, "index_together": {("weight", "pink")},
        "indexes": [Index(fields=["year"], name="pony_year_idx")]}),
migrations.CreateModel("Stable", [("id", models.AutoField(primary_key=True)), ("ponies", models.ManyToManyField("Pony")),
    ("twins", models.ManyToManyField("self"))]),
migrations.CreateModel("PonyRider", [("id", models.AutoField(primary_key=True)), ("rider", models.ForeignKey("Rider", CASCADE)),
    ("pony", models.ForeignKey("Pony", CASCADE))]),
migrations.AddField("Pony", "riders", models.ManyToManyField("Rider", through="PonyRider", related_name="+")),
migrations.CreateModel("Animal", [("id", models.AutoField(primary_key=True)), ("legs", models.IntegerField(default=4))]),
migrations.CreateModel("Shetland", [("animal_ptr", models.OneToOneField("Animal", CASCADE, auto_created=True, parent_link=True,
    primary_key=True, to_field="id", serialize=False)), ("cuteness", models.IntegerField(default=1))], bases=("renames.Animal",)),
migrations.CreateModel("ShetlandRider", [("id", models.AutoField(primary_key=True)),
    ("pony", models.ForeignKey("Shetland", CASCADE))]),
migrations.CreateModel("Fixed", [("id", models.AutoField(primary_key=True)), ("ponies", models.ManyToManyField("Rider"))],
    options={"db_table": "renames my pony"}),
migrations.CreateModel("Person", [("id", models.BigAutoField(primary_key=True))]),
migrations.CreateModel("Relation", [("id", models.BigAutoField(primary_key=True)),
    ("child", models.ForeignKey("Person", CASCADE, related_name="as_child")),
    ("parent", models.ForeignKey("Person", CASCADE, related_name="as_parent"))]),
migrations.AddField("Person", "family", models.ManyToManyField("Person", through="Relation", blank=True)),
"""
STEPS: dict[str, str | Step] = {
    "tables": TABLES,
    "field": 'migrations.RenameField("Pony", "info", "detail_info"),',
    "field of together": 'migrations.RenameField("Pony", "pink", "blue"),',
    "referenced field": 'migrations.RenameField("Rider", "name", "renamed"),',
    "keys": """
        migrations.RenameField("Pony", "rider", "jockey"),
        migrations.RenameField("Pony", "loose", "free"),""",
    "field and its definition": """
        migrations.RenameField("Rider", "title", "title1"),
        migrations.AlterField("Rider", "title1", models.CharField(max_length=254)),""",
    "with a column of its own": """
        migrations.RenameField("Pony", "field", "renamed_field"),
        migrations.RenameField("Pony", "foal", "renamed_foal"),""",
    "field with a database default": """
        migrations.RenameField("Pony", "year", "born"),
        migrations.AlterField("Pony", "born", models.IntegerField(db_default=1985)),""",
    "upper case": 'migrations.RenameField("Pony", "weight", "WeiGht"),',
    "check with a cut name": f"""
        migrations.RenameField("Pony", "field_with_very_looooooong_name", "renamed_field_{LONG[:40]}"),""",
    "index": 'migrations.RenameIndex("Pony", new_name="new_pony_idx", old_name="pony_year_idx"),',
    "unnamed index": 'migrations.RenameIndex("Pony", new_name="pony_together_idx", old_fields=("WeiGht", "blue")),',
    "model with keys": 'migrations.RenameModel("Rider", "HorseRider"),',
    "model with keys to itself": 'migrations.RenameModel("Pony", "Horse"),',
    "child model": 'migrations.RenameModel("Shetland", "LittleHorse"),',
    "field of a parent": 'migrations.RenameField("Animal", "legs", "feet"),',
    "through model": 'migrations.RenameModel("PonyRider", "HorseAndRider"),',
    "model of a relation": 'migrations.RenameModel("Stable", "Barn"),',
    "model with a table of its own": 'migrations.RenameModel("Fixed", "Pinned"),',
    "model with two references": 'migrations.RenameModel("Person", "Other"),',
    "several at once": """
        migrations.RenameField("Horse", "detail_info", "fancy"),
        migrations.RenameModel("HorseRider", "Jockey"),
        migrations.RenameField("Jockey", "title1", "rank"),
        migrations.AddIndex("Jockey", Index(fields=["-rank"], name="jockey_rank_idx")),""",
    "table": 'migrations.AlterModelTable("Jockey", "renames other jockey"),',
    "table and relation": 'migrations.AlterModelTable("Barn", "renames_foo"),',
    "table as it was": 'migrations.AlterModelTable("Barn", None),',
    "same table": 'migrations.AlterModelTable("Barn", "renames_barn"),',
    "index of a renamed table": 'migrations.AddIndex("Jockey", Index(fields=["rank"], name="jockey_rank_idx2")),',
    "together of a renamed table": 'migrations.AlterUniqueTogether("Jockey", {("rank", "renamed")}),',
    "table to a long name": f'migrations.AlterModelTable("Jockey", "renames_{LONG}"),',
    "on a long name": f"""
        migrations.AddField("Jockey", "unique_{LONG}", models.IntegerField(null=True, unique=True)),
        migrations.AddField("Jockey", "check_{LONG[:50]}", models.PositiveIntegerField(default=1, db_index=True)),
        migrations.AddField("Jockey", "key_{LONG[:50]}", models.ForeignKey("Horse", CASCADE, null=True, related_name="+")),
        migrations.AddField("Jockey", "many_{LONG[:50]}", models.ManyToManyField("Horse", related_name="+")),""",
}
REFUSED = frozenset(
    {
        "up field and its definition",
    }
)
STORY = Story("renames", STEPS, refused=REFUSED)

"""Indexes of every method and form, added and taken away."""

from __future__ import annotations

from tests.livemigrations.schema.story import Step, Story

TABLES = """
migrations.CreateModel("Author", [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=255)),
    ("height", models.PositiveIntegerField(null=True)), ("weight", models.IntegerField(null=True)),
    ("value", models.DecimalField(max_digits=5, decimal_places=2)), ("data", models.JSONField()), ("published", models.BooleanField(default=True)),
    ("at", models.DateTimeField()), ("day", models.DateField(null=True))]),
migrations.CreateModel("Book", [("id", models.BigAutoField(primary_key=True)), ("author", models.ForeignKey("Author", CASCADE)),
    ("title", models.CharField(max_length=100, db_index=True)), ("slug", models.SlugField(unique=True)), ("body", models.TextField(db_index=True))]),
migrations.CreateModel("Array", [("id", models.BigAutoField(primary_key=True)), ("field", ArrayField(models.IntegerField())),
    ("char", ArrayField(models.CharField(max_length=10), db_index=True, size=100)), ("text", ArrayField(models.TextField(), db_index=True)),
    ("char2", models.CharField(max_length=11, db_index=True))]),
migrations.CreateModel("Scene", [("id", models.BigAutoField(primary_key=True)), ("scene", models.TextField()),
    ("setting", models.CharField(max_length=255)), ("vector", search.SearchVectorField(null=True)),
    ("ints", fields.IntegerRangeField()), ("days", fields.DateRangeField()), ("times", fields.DateTimeRangeField()),
    ("nums", fields.DecimalRangeField()), ("bigs", fields.BigIntegerRangeField())]),
"""


def index(name: str, rest: str, model: str = "Author", kind: str = "Index") -> str:
    return f'migrations.AddIndex("{model}", {kind}({rest}, name="{name}")),'


STEPS: dict[str, str | Step] = {
    "tables": TABLES,
    "index": index("author_name", 'fields=["name"]'),
    "order": index("author_order", 'fields=["name", "-weight"]'),
    "together with a key": index("book_ft", 'fields=["author", "title"]', "Book")
    + index("book_ft_desc", 'fields=["-author", "title"]', "Book")
    + index("book_ft_func", 'F("author"), F("title")', "Book")
    + index("book_ft_func_desc", 'F("author").desc(), F("title")', "Book"),
    "expression": index("func_lower", 'Lower("name").desc()')
    + index("func_lower_upper", 'Lower("name"), Upper("name")')
    + index("func_f", '"slug", F("title").desc()', "Book")
    + index("func_f_lower", 'F("author").desc(), Lower("title").asc(), "slug"', "Book"),
    "lookups": Step(
        index("func_lookups", 'F("name__lower"), F("weight__abs")') + index("func_title", 'F("title__lower")', "Book"),
        code="models.CharField.register_lookup(Lower)\nmodels.IntegerField.register_lookup(Abs)",
    ),
    "expression with a type": index("func_decimal", 'F("value")')
    + index("func_cast", 'Cast("weight", models.FloatField())')
    + index("func_calc", 'F("height") / (F("weight") + Value(5000))')
    + index("func_abs", 'Abs("weight")'),
    "collation": index(
        "func_collate", 'Collate(F("title"), collation="C").desc(), Collate("slug", collation="C")', "Book"
    )
    + index("func_collate_f", 'Collate(F("name").desc(), collation="C")'),
    "json": index("func_json", '"data__some_key"')
    + index("func_json_cast", 'Cast(KeyTextTransform("some_key", "data"), models.IntegerField())'),
    "partial": index("recent", 'fields=["at"], condition=Q(at__gt=datetime(2015, 1, 1, tzinfo=UTC))')
    + index("some", 'fields=["id"], condition=Q(pk__gt=1)')
    + index("published", 'fields=["published"], condition=Q(published=True)')
    + index(
        "both",
        'fields=["day", "name"], condition=Q(at__gt=datetime(2015, 1, 1, tzinfo=UTC)) & Q(name__contains="China")',
    )
    + index("set", 'fields=["day"], condition=Q(day__isnull=False)')
    + index("func_partial", 'Lower("name").desc(), condition=Q(day__isnull=False)'),
    "covering": index("covering", 'fields=["name"], include=["day", "published"]')
    + index("covering_some", 'fields=["name"], include=["day"], condition=Q(day__isnull=False)')
    + index("covering_key", 'fields=["title"], include=["author", "slug"]', "Book"),
    "operator classes": index("ops", 'fields=["title"], opclasses=["varchar_pattern_ops"]', "Book")
    + index("ops_two", 'fields=["title", "body"], opclasses=["varchar_pattern_ops", "text_pattern_ops"]', "Book")
    + index("ops_some", 'fields=["body"], opclasses=["text_pattern_ops"], condition=Q(title__contains="China")', "Book")
    + index("ops_desc", 'fields=["-body"], opclasses=["text_pattern_ops"]', "Book")
    + index("ops_more", 'fields=["body"], opclasses=["text_pattern_ops"], include=["title"]', "Book")
    + index(
        "ops_place",
        'fields=["body"], opclasses=["text_pattern_ops"], include=["title"], db_tablespace="pg_default"',
        "Book",
    )
    + index("ops_func", 'OpClass(Lower("body"), name="text_pattern_ops")', "Book")
    + index(
        "ops_collate",
        'Collate(OpClass(Lower("body"), name="text_pattern_ops").desc(nulls_last=True), collation="C")',
        "Book",
    )
    + index(
        "ops_func_some",
        'OpClass(Lower("body").desc(), name="text_pattern_ops"), condition=Q(body__contains="China"), db_tablespace="pg_default"',
        "Book",
    ),
    "gin": index("gin", 'fields=["field"]', "Array", "indexes.GinIndex")
    + index("gin_off", 'fields=["field"], fastupdate=False', "Array", "indexes.GinIndex")
    + index(
        "gin_more",
        'fields=["field"], fastupdate=True, gin_pending_list_limit=64, db_tablespace="pg_default"',
        "Array",
        "indexes.GinIndex",
    )
    + index("gin_some", 'fields=["field"], condition=Q(id__gt=40)', "Array", "indexes.GinIndex")
    + index("gin_vector", 'fields=["vector"]', "Scene", "indexes.GinIndex"),
    "search vector": index("search", 'search.SearchVector("id", "scene", config="english")', "Scene")
    + index(
        "search_gist",
        'OpClass(search.SearchVector("scene", "setting", config="english"), name="tsvector_ops")',
        "Scene",
        "indexes.GistIndex",
    ),
    "brin": index("brin", 'fields=["at"], pages_per_range=4', kind="indexes.BrinIndex")
    + index("brin_auto", 'fields=["at"], autosummarize=True', kind="indexes.BrinIndex"),
    "btree": index("btree", 'fields=["name"]', kind="indexes.BTreeIndex")
    + index("btree_more", 'fields=["name"], fillfactor=80, deduplicate_items=False', kind="indexes.BTreeIndex"),
    "gist": index("gist", 'fields=["ints"]', "Scene", "indexes.GistIndex")
    + index("gist_more", 'fields=["ints"], buffering=True, fillfactor=80', "Scene", "indexes.GistIndex")
    + index("gist_include", 'fields=["ints"], include=["setting"]', "Scene", "indexes.GistIndex"),
    "hash": index("hash", 'fields=["name"]', kind="indexes.HashIndex")
    + index("hash_more", 'fields=["name"], fillfactor=80', kind="indexes.HashIndex"),
    "spgist": index("spgist", 'fields=["scene"]', "Scene", "indexes.SpGistIndex")
    + index("spgist_more", 'fields=["scene"], fillfactor=80', "Scene", "indexes.SpGistIndex")
    + index("spgist_include", 'fields=["scene"], include=["setting"]', "Scene", "indexes.SpGistIndex"),
    "ranges": index("ranges", 'fields=["days", "times", "nums", "bigs"]', "Scene", "indexes.GistIndex"),
    "concurrently": Step(
        """
        operations.AddIndexConcurrently("Author", Index(fields=["weight"], name="together")),
        operations.AddIndexConcurrently("Author", indexes.BrinIndex(fields=["weight"], name="together_brin")),
        operations.AddIndexConcurrently("Author", indexes.BTreeIndex(fields=["weight"], name="together_btree", fillfactor=70)),""",
        atomic=False,
    ),
    "concurrently away": Step('operations.RemoveIndexConcurrently("Author", "together"),', atomic=False),
    "nullable under indexes": 'migrations.AlterField("Author", "name", models.CharField(max_length=255, null=True)),',
    "wider under indexes": 'migrations.AlterField("Author", "name", models.CharField(max_length=300, null=True)),',
    "removed": """
        migrations.RemoveIndex("Author", "author_name"),
        migrations.RemoveIndex("Author", "func_lower"),
        migrations.RemoveIndex("Author", "hash"),
        migrations.RemoveIndex("Book", "book_ft"),
        migrations.RemoveIndex("Array", "gin_more"),
        migrations.RemoveIndex("Scene", "gist_include"),""",
    "removed with its field": """
        migrations.RemoveIndex("Author", "func_calc"),
        migrations.RemoveField("Author", "height"),""",
}
REFUSED = frozenset(
    {
        "down wider under indexes",
        "up wider under indexes",
    }
)
STORY = Story("indexes", STEPS, refused=REFUSED)

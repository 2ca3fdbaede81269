"""Changes of models, each as the text before and after it; ``{m}`` is a name of its own for every change."""

from __future__ import annotations

HEAD = """
import uuid
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.contrib.postgres.indexes import GinIndex
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from core.db.functions import TransactionNow


def code():
    return uuid.uuid4().hex[:12]


class Place(models.Model):
    name = models.CharField(max_length=50)
    rank = models.IntegerField(default=0)


class Label(models.Model):
    name = models.CharField(max_length=20, primary_key=True)

"""

ONE = """
class {m}(models.Model):
    a = models.IntegerField()
    t = models.CharField(max_length=30)
"""

WITH_RELATIONS = """
    place = models.ForeignKey(Place, models.CASCADE, related_name='+')
    many = models.ManyToManyField(Place, related_name='+')

    class Meta:
        unique_together = [('a', 'place')]
"""

OTHER = """
class {m}x(models.Model):
    b = models.IntegerField()
"""

PLACE = "    place = models.ForeignKey(Place, models.CASCADE)\n"
ORDER = "\n    class Meta:\n        order_with_respect_to = 'place'\n"


def more(*lines: str) -> tuple[str, str]:
    """Fields that are added."""
    return ONE, ONE + "".join(f"    {line}\n" for line in lines)


def less(*lines: str) -> tuple[str, str]:
    """Fields that are removed."""
    return more(*lines)[::-1]


def other(before: str, after: str) -> tuple[str, str]:
    """A field that is altered."""
    return more(before)[1], more(after)[1]


def meta(line: str) -> tuple[str, str]:
    """An option that is added."""
    return ONE, f"{ONE}\n    class Meta:\n        {line}\n"


CHANGES: dict[str, tuple[str, str]] = {
    "nullable column": more("b = models.IntegerField(null=True)"),
    "column with a default": more("b = models.IntegerField(default=5)"),
    "text that may be blank": more("b = models.CharField(max_length=9, blank=True)"),
    "column with a default in the database": more("b = models.IntegerField(db_default=5)"),
    "time of the transaction": more("b = models.DateTimeField(db_default=TransactionNow())"),
    "json with an empty default": more("b = models.JSONField(default=dict)"),
    "array with an empty default": more("b = ArrayField(models.TextField(), default=list)"),
    "decimal": more('b = models.DecimalField(max_digits=8, decimal_places=2, default="1.50")'),
    "checked column": more("b = models.PositiveIntegerField(default=3)"),
    "default of each row's own": more("b = models.UUIDField(db_default=RandomUUID())"),
    "uuid of each row's own": more("b = models.UUIDField(default=uuid.uuid4, unique=True)"),
    "code of each row's own": more("b = models.CharField(max_length=12, default=code, unique=True)"),
    "default that Python makes": more("b = models.CharField(max_length=12, default=code)"),
    "touched by itself": more("b = models.DateTimeField(auto_now=True)"),
    "indexed column": more("b = models.SlugField(default='x')"),
    "unique column": more("b = models.CharField(max_length=9, null=True, unique=True)"),
    "virtual column": more(
        "b = models.GeneratedField(expression=F('a') + 1, output_field=models.IntegerField(), db_persist=False)"
    ),
    "foreign key": more("b = models.ForeignKey(Place, models.CASCADE, null=True, related_name='+')"),
    "foreign key with a default": more("b = models.ForeignKey(Place, models.CASCADE, default=1, related_name='+')"),
    "foreign key to text": more("b = models.ForeignKey(Label, models.DB_SET_NULL, null=True, related_name='+')"),
    "one to one": more("b = models.OneToOneField(Place, models.CASCADE, null=True, related_name='+')"),
    "many to many": more("b = models.ManyToManyField(Place, related_name='+')"),
    "key to itself": more("b = models.ForeignKey('self', models.CASCADE, null=True)"),
    "null off": other("b = models.IntegerField(null=True)", "b = models.IntegerField(default=7)"),
    "null off, key": other(
        "b = models.ForeignKey(Place, models.CASCADE, null=True, related_name='+')",
        "b = models.ForeignKey(Place, models.CASCADE, default=1, related_name='+')",
    ),
    "null off, and unique": other(
        "b = models.CharField(max_length=40, null=True)", "b = models.CharField(max_length=60, default=code)"
    ),
    "null on": other("b = models.IntegerField()", "b = models.IntegerField(null=True)"),
    "wider": other("b = models.CharField(max_length=30)", "b = models.CharField(max_length=60)"),
    "unique on": other("b = models.IntegerField()", "b = models.IntegerField(unique=True)"),
    "unique off": other("b = models.IntegerField(unique=True)", "b = models.IntegerField()"),
    "index on": other("b = models.IntegerField()", "b = models.IntegerField(db_index=True)"),
    "index off": other("b = models.IntegerField(db_index=True)", "b = models.IntegerField()"),
    "default of the database off": other("b = models.IntegerField(db_default=8)", "b = models.IntegerField(default=8)"),
    "key on": other(
        "b = models.ForeignKey(Place, models.CASCADE, null=True, related_name='+', db_constraint=False)",
        "b = models.ForeignKey(Place, models.CASCADE, null=True, related_name='+')",
    ),
    "column goes": less("b = models.IntegerField()"),
    "column with a default goes": less("b = models.IntegerField(default=4)"),
    "unique column goes": less("b = models.CharField(max_length=12, unique=True)"),
    "key goes": less("b = models.ForeignKey(Place, models.CASCADE, related_name='+')"),
    "key to text goes": less("b = models.ForeignKey(Label, models.CASCADE, related_name='+')"),
    "many to many goes": less("b = models.ManyToManyField(Place, related_name='+')"),
    "positive column goes": less("b = models.PositiveIntegerField(default=1)"),
    "index": meta('indexes = [models.Index("a", F("t").desc(), name="{m}_i")]'),
    "partial index": meta('indexes = [models.Index(fields=["a"], condition=Q(a__gt=3), name="{m}_i", include=["t"])]'),
    "index goes": meta('indexes = [models.Index(fields=["a"], name="{m}_i")]')[::-1],
    "check": meta('constraints = [models.CheckConstraint(condition=Q(a__gt=-1), name="{m}_c")]'),
    "unique of two": meta('constraints = [models.UniqueConstraint(fields=["a", "t"], name="{m}_u")]'),
    "unique expression": meta('constraints = [models.UniqueConstraint(Lower("t"), name="{m}_u")]'),
    "constraint goes": meta('constraints = [models.CheckConstraint(condition=Q(a__gt=-1), name="{m}_c")]')[::-1],
    "unique together": meta('unique_together = [("a", "t")]'),
    "unique together goes": meta('unique_together = [("a", "t")]')[::-1],
    "options only": meta('verbose_name = "one"'),
    "table comment": meta('db_table_comment = "half of; things"'),
    "new model": ("", ONE + "    place = models.ForeignKey(Place, models.CASCADE, related_name='+')\n"),
    "model goes": (f"{ONE}{WITH_RELATIONS}", ""),
    "indexed model goes": (
        ONE
        + "    place = models.ForeignKey(Place, models.CASCADE, related_name='+')\n\n    class Meta:\n"
        + '        indexes = [models.Index("place", Lower("t"), name="{m}_i")]\n'
        + '        constraints = [models.UniqueConstraint("place", "a", name="{m}_u"),'
        + ' models.CheckConstraint(condition=Q(a__gt=-1), name="{m}_c")]\n',
        "",
    ),
    "model with a key of two goes": (
        f"{ONE}    pk = models.CompositePrimaryKey('a', 't')\n",
        "",
    ),
    "order comes": (ONE + PLACE, ONE + PLACE + ORDER),
    "order goes": (ONE + PLACE + ORDER, ONE + PLACE),
    "two models go": (f"{ONE}\nclass {{m}}x(models.Model):\n    one = models.ForeignKey({{m}}, models.CASCADE)\n", ""),
    "key and its model go": (f"{ONE}{OTHER}    one = models.ForeignKey({{m}}, models.CASCADE)\n", OTHER),
    "child goes": (f"{ONE}\nclass {{m}}x({{m}}):\n    b = models.IntegerField()\n", ONE),
    "child and parent go": (
        ONE + "\nclass {m}x({m}):\n    b = models.IntegerField()\n\nclass {m}y({m}x):\n    c = models.IntegerField()\n",
        "",
    ),
    "field to the child": (
        f"{ONE}    b = models.IntegerField(null=True)\n\nclass {{m}}x({{m}}):\n    c = models.IntegerField()\n",
        f"{ONE}\nclass {{m}}x({{m}}):\n    c = models.IntegerField()\n    b = models.IntegerField(null=True)\n",
    ),
    "other target of many to many": (
        f"{ONE}    many = models.ManyToManyField(Place, related_name='+')\n",
        f"{ONE}    many = models.ManyToManyField(Label, related_name='+')\n",
    ),
    "several at once": (
        more("b = models.IntegerField(null=True)", "c = models.TextField()")[1],
        more("b = models.BigIntegerField(null=True)", "d = models.ForeignKey(Place, models.CASCADE, null=True)")[1]
        + '    class Meta:\n        indexes = [models.Index(fields=["d", "a"], name="{m}_i")]\n'
        + '        constraints = [models.CheckConstraint(condition=Q(a__gt=-2), name="{m}_c")]\n',
    ),
}
TYPES: dict[str, tuple[str, str]] = {
    "wider number": other("b = models.IntegerField(db_index=True)", "b = models.BigIntegerField(db_index=True)"),
    "text to number": other("b = models.CharField(max_length=9)", "b = models.IntegerField()"),
    "type, and null off": other("b = models.CharField(max_length=9, null=True)", "b = models.IntegerField(default=7)"),
    "wider key": (
        f"{ONE}    id = models.AutoField(primary_key=True)\n{OTHER}    one = models.ForeignKey({{m}}, models.CASCADE)\n",
        f"{ONE}    id = models.BigAutoField(primary_key=True)\n{OTHER}    one = models.ForeignKey({{m}}, models.CASCADE)\n",
    ),
}
CHANGES |= TYPES
REWRITES = {"several at once", *TYPES}  # of a populated table: the column stands elsewhere afterwards
ONE_WAY = {"child goes", "child and parent go"}  # plain Django cannot take it back


def models_of(side: int, *names: str) -> str:
    """The models before (0) or after (1) the named changes, or all of them."""
    texts = [
        CHANGES[name][side].replace("{m}", f"M{list(CHANGES).index(name):02}") for name in (names or tuple(CHANGES))
    ]
    return HEAD + "\n".join(texts)

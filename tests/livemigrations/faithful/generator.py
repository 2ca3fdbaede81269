"""Random migrations on a random populated schema: the same text for the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tests.livemigrations.faithful.witness import Query

MODES = ("once", "killed", "held", "back")
CODE = '''
import pgtrigger.compiler
import pgtrigger.migrations


def event(number):
    return pgtrigger.compiler.Trigger(name=f"event{number}", sql=pgtrigger.compiler.UpsertTriggerSql(
        func="INSERT INTO audit (dish) VALUES (NEW.id); RETURN NULL;", hash=f"h{number}", operation="UPDATE",
        pgid=f"pgtrigger_event_{number:05}", table="shop_dish", when="AFTER"))


class Custom(Operation):
    """Several statements of its own, with or without an error at the end."""

    reversible = True

    def __init__(self, forwards, backwards, fails=False):
        self.forwards, self.backwards, self.fails = forwards, backwards, fails

    def state_forwards(self, app_label, state):
        pass

    def database_forwards(self, app_label, editor, before, after):
        for statement in self.forwards:
            editor.execute(statement)
        if self.fails:
            raise RuntimeError("on purpose")

    def database_backwards(self, app_label, editor, before, after):
        for statement in self.backwards:
            editor.execute(statement)


def rows(table, first, last, text):
    def change(apps, editor):
        with editor.connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET id = id WHERE id BETWEEN %s AND %s", [first, last])
            if text == "fails":
                cursor.execute("SELECT 1 / 0")

    return change
'''
AUDIT = """
CREATE TABLE audit (number bigserial, dish bigint);
CREATE FUNCTION aud() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
    $$ BEGIN INSERT INTO audit (dish) VALUES (new.id); RETURN null; END $$;
"""
SETUPS = {
    "trigger": "CREATE TRIGGER aud AFTER UPDATE ON shop_dish FOR EACH ROW EXECUTE FUNCTION aud();",
    "policy": """
        DO $$ BEGIN CREATE ROLE faithful_guest; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
        GRANT SELECT ON shop_dish TO faithful_guest; ALTER TABLE shop_dish ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON shop_dish USING (id = 3);""",
    "view": "CREATE VIEW cheap AS SELECT id, name FROM shop_dish WHERE id < 10;",
    "check": "ALTER TABLE shop_dish ADD CONSTRAINT known CHECK (id > -5);",
    "rule": "CREATE RULE keep AS ON DELETE TO shop_menu DO INSTEAD NOTHING;",
    "index": "CREATE INDEX dish_by_name ON shop_dish (name);",
}
LOOKS = {
    "trigger": Query("update", "UPDATE shop_dish SET id = id WHERE id = 7", commits=True),
    "policy": Query("hidden", "SELECT count(*) FROM shop_dish WHERE id <> 3", "faithful_guest"),
    "view": Query("view", "SELECT count(*) FROM cheap"),
    "check": Query("bad row", "UPDATE shop_dish SET id = -9 WHERE id = 8"),
    "rule": Query("delete", "DELETE FROM shop_menu WHERE id = 9 RETURNING id"),
}
ALWAYS = (
    Query("dishes", "SELECT count(*) FROM shop_dish"),
    Query("menus", "SELECT count(*) FROM shop_menu"),
    Query("note", "SELECT note FROM shop_dish WHERE id = 1"),
    Query("prices", "SELECT sum(price) FROM shop_dish WHERE id < 100"),
)
# What a script switches off and on again, for each thing of the setup.
OFF_AND_ON = {
    "trigger": [
        ("ALTER TABLE shop_dish DISABLE TRIGGER USER", "ALTER TABLE shop_dish ENABLE TRIGGER USER"),
        (
            "DROP TRIGGER aud ON shop_dish",
            "CREATE TRIGGER aud AFTER UPDATE ON shop_dish FOR EACH ROW EXECUTE FUNCTION aud()",
        ),
        ("ALTER TABLE shop_dish DISABLE TRIGGER aud", "ALTER TABLE shop_dish ENABLE TRIGGER aud"),
    ],
    "policy": [
        ("ALTER TABLE shop_dish DISABLE ROW LEVEL SECURITY", "ALTER TABLE shop_dish ENABLE ROW LEVEL SECURITY"),
        ("ALTER POLICY own ON shop_dish USING (true)", "ALTER POLICY own ON shop_dish USING (id = 3)"),
        ("REVOKE SELECT ON shop_dish FROM faithful_guest", "GRANT SELECT ON shop_dish TO faithful_guest"),
    ],
    "view": [("DROP VIEW cheap", "CREATE VIEW cheap AS SELECT id, name FROM shop_dish WHERE id < 10")],
    "check": [
        ("ALTER TABLE shop_dish DROP CONSTRAINT known", "ALTER TABLE shop_dish ADD CONSTRAINT known CHECK (id > -5)")
    ],
    "rule": [("ALTER TABLE shop_menu DISABLE RULE keep", "ALTER TABLE shop_menu ENABLE RULE keep")],
    "index": [("DROP INDEX dish_by_name", "CREATE INDEX dish_by_name ON shop_dish (name)")],
}
FIELDS = {
    "int": "models.IntegerField(null=True)",
    "int default": "models.IntegerField(default=7)",
    "positive": "models.PositiveIntegerField(default=1)",
    "char": 'models.CharField(max_length=20, default="x")',
    "unique": "models.CharField(max_length=20, null=True, unique=True)",
    "indexed": "models.IntegerField(null=True, db_index=True)",
    "key": 'models.ForeignKey("Menu", models.CASCADE, null=True, related_name="+")',
    "one to one": 'models.OneToOneField("Menu", models.SET_NULL, null=True, related_name="+")',
    "volatile": "models.UUIDField(db_default=functions.RandomUUID())",
    "volatile nullable": "models.UUIDField(db_default=functions.RandomUUID(), null=True)",
    "text default": 'models.TextField(db_default="y")',
    "boolean": "models.BooleanField(default=False)",
    "many": 'models.ManyToManyField("Menu", related_name="+")',
}
ALTERED = {
    "note": ['models.TextField(default="n")', "models.TextField(null=True)", "models.TextField(unique=True)"],
    "name": [
        "models.CharField(max_length=80)",
        "models.TextField()",
        "models.CharField(max_length=50, db_index=True)",
        "models.CharField(max_length=50, null=True)",
        "models.CharField(max_length=50, unique=True)",
        'models.CharField(max_length=50, db_default="d")',
    ],
    "price": [
        "models.BigIntegerField(null=True)",
        "models.IntegerField(default=3)",
        "models.PositiveIntegerField(null=True)",
        "models.IntegerField(null=True, unique=True)",
        "models.TextField(null=True)",
    ],
}


@dataclass(frozen=True)
class Case:
    """A random test case: what the database has, the migrations' operations, and what happens to them."""

    seed: str
    mode: str
    setups: tuple[str, ...]
    migrations: tuple[tuple[str, ...], ...]
    lives: int
    blocked: str

    def without(self, migration: int, piece: int) -> Case:
        """The same case without one operation; an empty migration goes too."""
        left = [
            tuple(text for place, text in enumerate(texts) if (number, place) != (migration, piece))
            for number, texts in enumerate(self.migrations)
        ]
        return replace(self, migrations=tuple(texts for texts in left if texts))

    def setup(self) -> str:
        """The SQL that prepares both databases."""
        return AUDIT + "".join(SETUPS[name] for name in self.setups)

    def looks(self) -> list[Query]:
        """What another session asks all the time."""
        return [*ALWAYS, *(LOOKS[name] for name in self.setups if name in LOOKS)]

    def __str__(self) -> str:
        lines = [f"seed {self.seed!r}, mode {self.mode}, setup {', '.join(self.setups) or 'none'}"]
        if self.mode == "killed":
            lines[0] += f", killed after {self.lives} statements"
        if self.mode == "held":
            lines[0] += f", {self.blocked} is held"
        for number, texts in enumerate(self.migrations, 2):
            lines += [f"migration {number:04}:", *(f"    {' '.join(text.split())}" for text in texts)]
        return "\n".join(lines)


@dataclass
class Writer:
    """Writes operations that fit the state that the ones before it left."""

    draw: random.Random
    setups: tuple[str, ...]
    fields: dict[str, list[str]] = field(default_factory=lambda: {"Dish": [], "Menu": []})
    old: dict[str, str] = field(default_factory=lambda: {"note": "note", "name": "name", "price": "price"})
    indexes: list[str] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)
    triggers: list[int] = field(default_factory=list)
    count: int = 0

    def piece(self) -> str:
        """One operation, or a few that belong together."""
        kinds: list[tuple[int, Callable[[], str]]] = [
            (5, self.add_field), (2, self.remove_field), (4, self.alter_field), (2, self.rename_field), (3, self.index),
            (2, self.constraint), (1, self.model), (6, self.script), (3, self.around), (2, self.python), (2, self.custom),
            (2, self.trigger), (1, self.options),
        ]  # fmt: skip
        return self.draw.choices([make for _, make in kinds], [weight for weight, _ in kinds])[0]()

    def number(self) -> int:
        """A number that no other object of this case has."""
        self.count += 1
        return self.count

    def add_field(self) -> str:
        """AddField."""
        model, kind = self.draw.choice(["Dish", "Dish", "Menu"]), self.draw.choice(list(FIELDS))
        name = f"f{self.number()}"
        if kind != "many":
            self.fields[model].append(name)
        return f'migrations.AddField("{model}", "{name}", {FIELDS[kind]}),'

    def remove_field(self) -> str:
        """RemoveField, of a field that an earlier operation added or of an old one."""
        model = self.draw.choice([name for name, added in self.fields.items() if added] or ["Dish"])
        if self.fields[model]:
            return f'migrations.RemoveField("{model}", "{self.fields[model].pop()}"),'
        if not self.old:
            return self.add_field()
        return f'migrations.RemoveField("Dish", "{self.old.pop(self.draw.choice(sorted(self.old)))}"),'

    def alter_field(self) -> str:
        """AlterField of an old column."""
        if not self.old:
            return self.add_field()
        first = self.draw.choice(sorted(self.old))
        return f'migrations.AlterField("Dish", "{self.old[first]}", {self.draw.choice(ALTERED[first])}),'

    def rename_field(self) -> str:
        """RenameField, sometimes of two columns that change places."""
        if len(self.old) > 1 and self.draw.random() < 0.4:
            one, other = self.draw.sample(sorted(self.old), 2)
            a, b = self.old[one], self.old[other]
            self.old[one], self.old[other] = b, a
            pairs = [(a, "swap"), (b, a), ("swap", b)]
            return " ".join(f'migrations.RenameField("Dish", "{old}", "{new}"),' for old, new in pairs)
        if not self.old:
            return self.add_field()
        name, new = self.draw.choice(sorted(self.old)), f"r{self.number()}"
        old, self.old[name] = self.old[name], new
        return f'migrations.RenameField("Dish", "{old}", "{new}"),'

    def index(self) -> str:
        """AddIndex or RemoveIndex."""
        if self.indexes and self.draw.random() < 0.3:
            return f'migrations.RemoveIndex("Dish", "{self.indexes.pop()}"),'
        name = f"i{self.number()}"
        self.indexes.append(name)
        columns = list(self.old.values()) or ["id"]
        what = self.draw.choice(
            [f'fields=["{self.draw.choice(columns)}"]', f'fields=["id"], condition=Q(id__gt={self.count})']
        )
        return f'migrations.AddIndex("Dish", models.Index({what}, name="{name}")),'

    def constraint(self) -> str:
        """AddConstraint or RemoveConstraint."""
        if self.constraints and self.draw.random() < 0.3:
            return f'migrations.RemoveConstraint("Dish", "{self.constraints.pop()}"),'
        name = f"c{self.number()}"
        self.constraints.append(name)
        what = self.draw.choice([
            f'models.CheckConstraint(condition=Q(id__gt=-100), name="{name}")',
            f'models.UniqueConstraint(fields=["id"], name="{name}", deferrable=models.Deferrable.DEFERRED)',
            f'models.UniqueConstraint(fields=["id"], condition=Q(id__gt=4), name="{name}")',
            f'models.CheckConstraint(condition=Q(id__gt=1), name="{name}")',  # the rows forbid it
        ])  # fmt: skip
        return f'migrations.AddConstraint("Dish", {what}),'

    def model(self) -> str:
        """CreateModel, DeleteModel, RenameModel and AlterModelTable of a new model, or of Menu."""
        name = f"M{self.number()}"
        made = f"""migrations.CreateModel("{name}", [("id", models.BigAutoField(primary_key=True)),
            ("dish", models.ForeignKey("Dish", models.CASCADE, null=True)), ("a", models.IntegerField(unique=True))]),"""
        return made + self.draw.choice([
            "",
            f' migrations.RenameModel("{name}", "{name}x"),',
            f' migrations.AlterModelTable("{name}", "shop_{name.lower()}_table"),',
            f' migrations.DeleteModel("{name}"),',
            ' migrations.AlterModelTable("Menu", "menus"), migrations.AlterModelTable("Menu", "shop_menu"),',
        ])  # fmt: skip

    def options(self) -> str:
        """AlterModelOptions, which changes nothing in the database."""
        return 'migrations.AlterModelOptions("Dish", {"ordering": ["id"]}),'

    def script(self) -> str:
        """A RunSQL of several statements, some of which only make sense together."""
        n = self.number()
        parts = [self.draw.choice(self.statements(n)) for _ in range(self.draw.randint(1, 3))]
        for name in self.setups:
            if name in OFF_AND_ON and self.draw.random() < 0.4:
                off, on = self.draw.choice(OFF_AND_ON[name])
                parts = [off, *parts, on]
        if self.draw.random() < 0.15:
            parts.append("SELECT 1 / 0")
        return f"migrations.RunSQL({'; '.join(parts)!r}, migrations.RunSQL.noop),"

    def statements(self, n: int) -> list[str]:
        """Statements that each script may hold."""
        note = self.old.get("note", "id")
        value = "'s' || id" if note != "id" else "id"
        return [
            f"UPDATE shop_dish SET {note} = {value} WHERE id BETWEEN {n * 10} AND {n * 10 + 30}",
            f"UPDATE shop_dish SET {note} = {value}",
            f"ALTER TABLE shop_menu ADD COLUMN s{n}_{self.number()} int",
            f"ALTER TABLE shop_dish ADD COLUMN s{n}_{self.number()} text DEFAULT 'k'",
            f"CREATE TABLE t{n}_{self.number()} (id int PRIMARY KEY, dish bigint REFERENCES shop_dish)",
            f"CREATE INDEX ON shop_menu (title, id) WHERE id > {n}",
            f"SAVEPOINT p; UPDATE shop_dish SET {note} = {value}; ROLLBACK TO p; RELEASE p",
            f"CREATE TEMP TABLE picked{self.number()} ON COMMIT DROP AS SELECT id FROM shop_dish WHERE id < 40",
            "SET LOCAL work_mem = '8MB'",
            "SET CONSTRAINTS ALL DEFERRED",
            f"DO $$ BEGIN UPDATE shop_menu SET title = 'd' || id WHERE id = {n}; END $$",
            f"ALTER TABLE shop_menu ADD CHECK (id > -{n})",
            "ALTER TABLE shop_menu RENAME TO shop_menu_x; ALTER TABLE shop_menu_x RENAME TO shop_menu",
            f"COMMENT ON TABLE shop_menu IS 'c{n}'",
        ]

    def around(self) -> str:
        """Something is switched off by one operation and on again by a later one."""
        known = [name for name in self.setups if name in OFF_AND_ON]
        if not known:
            return self.script()
        off, on = self.draw.choice(OFF_AND_ON[self.draw.choice(known)])
        middle = self.draw.choice([self.add_field, self.index, self.python, self.script])()
        return f"migrations.RunSQL({off!r}, {on!r}), {middle} migrations.RunSQL({on!r}, {off!r}),"

    def python(self) -> str:
        """RunPython with rows; one in ten fails."""
        table, first = self.draw.choice(["shop_dish", "shop_menu"]), self.draw.randint(1, 4000)
        text = "fails" if self.draw.random() < 0.1 else "works"
        return f'migrations.RunPython(rows("{table}", {first}, {first + 50}, "{text}"), migrations.RunPython.noop),'

    def custom(self) -> str:
        """An operation of the project's own; one in six fails at its end."""
        column = f"x{self.number()}"
        forwards = [
            f"ALTER TABLE shop_menu ADD COLUMN {column} int",
            f"UPDATE shop_menu SET {column} = id WHERE id < 90",
        ]
        backwards = [f"ALTER TABLE shop_menu DROP COLUMN {column}"]
        return f"Custom({forwards!r}, {backwards!r}, fails={self.draw.random() < 0.17}),"

    def trigger(self) -> str:
        """AddTrigger and RemoveTrigger of django-pgtrigger."""
        if self.triggers and self.draw.random() < 0.5:
            return f'pgtrigger.migrations.RemoveTrigger("dish", "event{self.triggers.pop()}"),'
        number = self.number()
        self.triggers.append(number)
        return f'pgtrigger.migrations.AddTrigger("dish", event({number})),'


def case(seed: str) -> Case:
    """The case of a seed."""
    draw = random.Random(seed)
    setups = tuple(name for name in SETUPS if draw.random() < 0.45)
    writer = Writer(draw, setups)
    migrations = tuple(tuple(writer.piece() for _ in range(draw.randint(1, 4))) for _ in range(draw.randint(1, 2)))
    mode = draw.choice(MODES)
    return Case(seed, mode, setups, migrations, draw.randint(4, 40), draw.choice(["shop_dish", "shop_menu"]))

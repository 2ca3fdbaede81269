"""A small project with two populated tables, and the migrations that the tests bring to it."""

from __future__ import annotations

from pathlib import Path

from tests.support import templates
from tests.support.database import Database
from tests.support.project import Project, project

ROWS = 5000
_FIELDS = """
            name="{name}",
            fields=[
                ("id", models.BigAutoField(primary_key=True)),
                ("name", models.CharField(max_length=50)),
                {more}
            ],
"""
_ITEM = _FIELDS.format(name="Item", more="")
_ORDER = _FIELDS.format(
    name="Order",
    more='("item", models.ForeignKey("shop.item", models.DO_NOTHING, db_constraint=False, db_index=False)),',
)
INITIAL = f"""
class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel({_ITEM}),
        migrations.CreateModel({_ORDER}),
    ]
"""
INDEX = 'live.AddIndex("item", models.Index(fields=["name"], name="item_name")),'
UNIQUE = 'live.AddUnique("item", models.UniqueConstraint(fields=["name"], name="item_name_once")),'
COLUMN = 'migrations.AddField("item", "note", models.TextField(null=True)),'
SECOND_COLUMN = 'migrations.AddField("item", "remark", models.TextField(null=True)),'
KEY = """
live.AddForeignKey(
    "order", "item", models.ForeignKey("shop.item", models.DO_NOTHING, db_index=False)
),
"""
HOLD = "SELECT 1 FROM shop_item LIMIT 1"
UNTIL_LOCKED = "LIVEMIGRATIONS_LONG_TRANSACTION_MS = 10**9"


def second(*operations: str) -> str:
    """The text of a second migration with these operations."""
    body = "\n".join(line for operation in operations for line in operation.strip().splitlines())
    head = 'class Migration(migrations.Migration):\n    dependencies = [("shop", "0001_initial")]\n    operations = [\n'
    return "\n" + head + "\n".join("        " + line for line in body.splitlines()) + "\n    ]\n"


def shop(database: Database, folder: Path, *operations: str, extra: str = "") -> Project:
    """A project whose first migration is applied and whose tables have rows; the operations are pending."""

    def make(empty: Database) -> None:
        project(empty, folder).app("shop", migrations={"0001_initial": INITIAL}).manage("migrate", "--no-input")
        empty.psql(
            f"INSERT INTO shop_item (name) SELECT 'item ' || n || repeat('.', 30) FROM generate_series(1, {ROWS}) n;"
            f"INSERT INTO shop_order (name, item_id) SELECT repeat('x', 40), n FROM generate_series(1, {ROWS}) n;"
            "ANALYZE"
        )

    templates.fill(database, "shop", make)
    made = project(database, folder, extra=extra).app("shop", migrations={"0001_initial": INITIAL})
    return made.migration("shop", "0002_second", second(*operations)) if operations else made


def columns(database: Database, table: str = "shop_item") -> list[str]:
    """The columns of a table."""
    with database.connect() as connection:
        return [
            row[0]
            for row in connection.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"
                " ORDER BY attnum",
                [table],
            )
        ]


def indexes(database: Database, table: str = "shop_item") -> dict[str, bool]:
    """The indexes of a table, and whether each is valid."""
    with database.connect() as connection:
        return dict(
            connection.execute(
                "SELECT indexrelid::regclass::text, indisvalid FROM pg_index WHERE indrelid = to_regclass(%s)", [table]
            ).fetchall()
        )


def recorded(database: Database) -> list[str]:
    """The migrations that Django has recorded, oldest first."""
    with database.connect() as connection:
        return [row[0] for row in connection.execute("SELECT name FROM django_migrations ORDER BY id")]


def planned(database: Database) -> bool:
    """Whether a run has planned steps and not begun them yet."""
    with database.connect() as connection:
        rows = connection.execute("SELECT 1 FROM livemigrations_step WHERE state = 'planned' LIMIT 1")
        return rows.fetchone() is not None

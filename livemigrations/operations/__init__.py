"""The operations for migration files: ``from livemigrations import operations as live``.

Each is an ordinary Django operation. Which statements run, in which lane and under which locks, the engine
decides from the SQL and from the table that it meets: plain on a new or empty table, online on a populated one.
"""

from livemigrations.operations.code import CommentIndexes, CreateFunction, CreateTrigger, CreateView
from livemigrations.operations.constraints import AddCheck, AddForeignKey, AddUnique, SetNotNull
from livemigrations.operations.drops import DropColumn, DropTable, RetireColumn, RetireTable
from livemigrations.operations.fills import FillColumn
from livemigrations.operations.indexes import AddIndex, RemoveIndex
from livemigrations.operations.rows import SeedRows
from livemigrations.operations.tables import AddColumnIfMissing, CreateTableIfMissing
from livemigrations.operations.types import ChangeColumnType

__all__ = [
    "AddCheck",
    "AddColumnIfMissing",
    "AddForeignKey",
    "AddIndex",
    "AddUnique",
    "ChangeColumnType",
    "CommentIndexes",
    "CreateFunction",
    "CreateTableIfMissing",
    "CreateTrigger",
    "CreateView",
    "DropColumn",
    "DropTable",
    "FillColumn",
    "RemoveIndex",
    "RetireColumn",
    "RetireTable",
    "SeedRows",
    "SetNotNull",
]

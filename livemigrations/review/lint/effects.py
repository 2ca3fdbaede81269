"""What an operation does to the database, whether it is one of Django's or a statement of SQL.

Rules look at effects only, so each rule holds for both.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """The kinds of effects that rules tell apart."""

    CREATE_TABLE = "create table"
    DROP_TABLE = "drop table"
    RENAME_TABLE = "rename table"
    ADD_COLUMN = "add column"
    DROP_COLUMN = "drop column"
    FORGET_COLUMN = "forget column"
    RENAME_COLUMN = "rename column"
    CHANGE_TYPE = "change type"
    SET_NOT_NULL = "set not null"
    DROP_NOT_NULL = "drop not null"
    SET_DEFAULT = "set default"
    DROP_DEFAULT = "drop default"
    ADD_INDEX = "add index"
    DROP_INDEX = "drop index"
    ADD_FOREIGN_KEY = "add foreign key"
    ADD_CHECK = "add check"
    ADD_UNIQUE = "add unique"
    ADD_EXCLUSION = "add exclusion"
    ADD_PRIMARY_KEY = "add primary key"
    DROP_CONSTRAINT = "drop constraint"
    VALIDATE = "validate"
    TRIGGER = "trigger"
    REWRITE = "rewrite"
    ROWS = "rows"
    PYTHON = "python"
    STATEMENT = "statement"


class Default(StrEnum):
    """What a default in the database is; OPEN is an expression that only the server could judge."""

    NONE = ""
    CONSTANT = "constant"
    STABLE = "stable"
    VOLATILE = "volatile"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One effect on one table.

    ``existing``: traffic may know the table, it is not of this run. ``name`` is the column, index or constraint,
    ``new_name`` what it is called afterwards. ``type`` and ``old_type`` are PostgreSQL's; ``null`` is how the column
    is afterwards; ``columns`` are those of an index or key; ``target`` is the table that a key points at.
    ``valid`` is False for NOT VALID; ``online`` is True for CONCURRENTLY; ``sql`` the statement, where it is one.
    """

    effect: Effect
    table: str = ""
    existing: bool = False
    name: str = ""
    new_name: str = ""
    type: str = ""
    old_type: str = ""
    null: bool = True
    default: Default = Default.NONE
    default_text: str = ""
    fills: bool = False
    same_for_all: bool = False
    stored: bool = False
    generated: bool = False
    numbered: bool = False
    primary: bool = False
    columns: tuple[str, ...] = ()
    unique: bool = False
    plain: bool = True
    valid: bool = True
    online: bool = False
    cascade: bool = False
    target: str = ""
    target_existing: bool = False
    on_delete_in_python: bool = False
    named: bool = True
    sql: str = ""

    @property
    def subject(self) -> str:
        """The object that the effect is about."""
        return f"{self.table}.{self.name}" if self.table and self.name else self.table or self.name

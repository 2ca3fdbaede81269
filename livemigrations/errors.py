"""What the engine raises. The class docstring is the default message."""

from __future__ import annotations

from django.core.management.base import CommandError


class LiveMigrationError(CommandError):
    """The migration could not go on."""

    def __init__(self, message: str = "", *, returncode: int = 1) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip(), returncode=returncode)


class MigrationRefused(LiveMigrationError):
    """The operation would lock a populated table for long."""


class DefinitionConflict(LiveMigrationError):
    """Something of that name exists with another definition."""


class RowsInTheWay(LiveMigrationError):
    """Rows break the constraint that is to be added."""


class LockDeadlineExceeded(LiveMigrationError):
    """The lock never came free."""


class RunInProgress(LiveMigrationError):
    """Another migrate is running on this database."""


class LeaseLost(LiveMigrationError):
    """Another run took over while this one was cut off; nothing of this step was kept."""


class MigrationEdited(LiveMigrationError):
    """A migration file changed after it was half applied."""


class StepFailed(LiveMigrationError):
    """A step failed."""


class UnknownSprint(LiveMigrationError):
    """No migration belongs to that sprint."""


class NotScriptable(LiveMigrationError):
    """The operation is Python and cannot be written as SQL."""


class MissingRights(LiveMigrationError):
    """The role may not do this."""

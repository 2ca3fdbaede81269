"""What the engine raises. The class docstring is the default message."""

from __future__ import annotations

from django.core.management.base import CommandError


class LiveMigrationError(CommandError):
    """The migration could not go on."""

    def __init__(self, message: str = "", *, returncode: int = 1) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip(), returncode=returncode)


class WrongSetting(LiveMigrationError):
    """A setting has a value that it cannot have."""

    def __init__(self, name: str, value: object, wanted: str) -> None:
        super().__init__(f"LIVEMIGRATIONS_{name} is {value!r}. Remedy: give {wanted}.")


class MigrationRefused(LiveMigrationError):
    """The operation would lock a populated table for long. ``instead`` is the code to write instead."""

    def __init__(self, what: str, instead: str) -> None:
        self.what, self.instead = what, instead
        code = "\n".join(f"    {line}" if line else "" for line in instead.splitlines())
        super().__init__(
            f"{what}\nNothing of this operation was changed. Write instead:\n\n{code}\n\n"
            "or, in a window without traffic, run migrate --allow-long-locks."
        )

    def proposing(self, code: str) -> MigrationRefused:
        """The same refusal with other code."""
        return MigrationRefused(self.what, code)


class RefusedByDjango(LiveMigrationError):
    """Django's own editor cannot do what the operation asks for, on whatever table."""

    def __init__(self, operation: str, error: Exception) -> None:
        super().__init__(
            f"Django cannot do this ({operation}): {error}\nNothing of this operation was changed. Remedy: correct the"
            " migration as the message says."
        )


class DefinitionConflict(LiveMigrationError):
    """Something of that name exists with another definition."""


class RowsInTheWay(LiveMigrationError):
    """Rows break the constraint that is to be added."""


class ReplicationInTheWay(LiveMigrationError):
    """A published table could be changed no more."""


class DataWouldBeLost(LiveMigrationError):
    """Rows would be lost, and nobody said that they may be."""


class VerificationFailed(LiveMigrationError):
    """The run ended, and the database is worse than before it. ``problems`` are lines."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        lines = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(
            f"The migrations ran, and the verification failed:\n{lines}\nWhat was done is kept. Remedy: correct it, or take"
            " the run back (manage.py migrate --back N, or next time --rollback-on-failure)."
        )


class RolledBack(LiveMigrationError):
    """The run failed and was taken back."""


class LockDeadlineExceeded(LiveMigrationError):
    """The lock never came free."""


class RunInProgress(LiveMigrationError):
    """Another migrate is running on this database."""


class Unreachable(LiveMigrationError):
    """The database cannot be reached."""


class LeaseLost(LiveMigrationError):
    """Another run took over while this one was cut off; nothing of this step was kept."""


class MigrationEdited(LiveMigrationError):
    """A migration file changed after it was half applied."""


class StepFailed(LiveMigrationError):
    """A step failed."""


class UnknownSprint(LiveMigrationError):
    """No migration belongs to that sprint."""


class UnknownApplied(LiveMigrationError):
    """A migration is applied that is not in the code. ``keys`` are (app, name), newest first."""

    def __init__(self, keys: list[tuple[str, str]]) -> None:
        self.keys = keys
        names = ", ".join(".".join(key) for key in keys)
        app, name = keys[0]
        many = len(keys) > 1
        super().__init__(
            f"Cannot take back a migration: {names} {'are' if many else 'is'} applied, {'are' if many else 'is'} newer,"
            f" and {'are' if many else 'is'} not in the code. Nothing was changed. Remedy: run this command with the"
            f" release that contains {'them' if many else 'it'}, or restore {'the files' if many else 'the file'}. If"
            f" nothing of {app}.{name} is left in the database, delete its row: DELETE FROM django_migrations WHERE app ="
            f" '{app}' AND name = '{name}'; then try again."
        )


class BrokenHistory(LiveMigrationError):
    """The history of the migrations is inconsistent, or has two ends."""


class UnknownStage(LiveMigrationError):
    """A migration states a stage that there is not."""


class StageRefused(LiveMigrationError):
    """The stage depends on something that is not finished."""


class NotScriptable(LiveMigrationError):
    """The operation is Python and cannot be written as SQL."""


class PoolerInTheWay(LiveMigrationError):
    """A pooler gives every transaction another session."""


class MissingRights(LiveMigrationError):
    """The role may not do this."""


class ProgramMissing(LiveMigrationError):
    """A client program of PostgreSQL is needed, and none that fits the server was found."""


class ProgramFailed(LiveMigrationError):
    """A client program of PostgreSQL failed; ``said`` holds the last lines of its standard error."""

    def __init__(self, program: str, code: int, said: list[str]) -> None:
        self.program, self.code, self.said = program, code, said
        why = f"was ended by signal {-code}" if code < 0 else f"ended with {code}"
        loud = [line for line in said if "error" in line.lower() or "detail" in line.lower()] or said[-5:]
        super().__init__("\n  ".join([f"{program} {why}:", *loud[-10:]]))


class RehearsalFailed(LiveMigrationError):
    """A migration does not run on a scratch database."""


class OutsideTheCopy(LiveMigrationError):
    """A migration that is only rehearsed reaches for something else than the copy."""


class BackupFailed(LiveMigrationError):
    """The backup could not be made; nothing of it is left, and the database was only read."""


class BackupBroken(LiveMigrationError):
    """The backup is damaged."""


class CheckImpossible(LiveMigrationError):
    """The backup could not be checked; nobody knows whether it is good."""


class UnknownBackup(LiveMigrationError):
    """There is no backup of that name."""


class RestoreRefused(LiveMigrationError):
    """The backup was not restored; the database is as it was."""


class LintImpossible(LiveMigrationError):
    """The migrations cannot be linted."""


class LintScopeUnknown(LintImpossible):
    """What is to be linted does not exist."""

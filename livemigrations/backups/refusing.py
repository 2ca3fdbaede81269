"""What a restore refuses at its beginning, since it would fail at its end."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.backups.manifest import Backup
from livemigrations.backups.reasons import too_new_for
from livemigrations.catalog.relations import fetch
from livemigrations.errors import MissingRights, RestoreRefused
from livemigrations.pgtools.definitions import Definition
from livemigrations.pgtools.keeping import refuse_without_createdb
from livemigrations.pgtools.running import server_version
from livemigrations.statements.names import MAX_BYTES, identifier


def refuse_name(target: str) -> None:
    """Raise ``RestoreRefused`` for what cannot be the name of a database."""
    if not target or len(target.encode()) > MAX_BYTES:
        raise RestoreRefused(
            f"{target!r} cannot be the name of a database. Nothing was changed. Remedy: --to takes a name of 1 to"
            f" {MAX_BYTES} bytes; leave it away to restore to the database itself."
        )


def refuse_stranger(backup: Backup, own: str) -> None:
    """Raise ``RestoreRefused`` for the backup of a database that has another name, if nobody said where to."""
    if backup.database != own:
        raise RestoreRefused(
            f"The backup {backup.name} is of the database {backup.database}, not of {own}. Nothing was changed. Remedy:"
            f" if {own} is to become what {backup.database} was, say so with --to {own}."
        )


def refuse_early(base: BaseDatabaseWrapper, backup: Backup, target: str, there: Definition | None) -> None:
    """Raise ``RestoreRefused`` or ``MissingRights`` where the server or the role cannot do it."""
    refuse_without_createdb(base)
    if too_new := too_new_for(base, backup):
        raise RestoreRefused(f"{too_new} Nothing was changed.")
    definition = there or backup.definition
    if there is None:
        _refuse_missing_roles(base, backup, target)
    set_role = "SET" if server_version(base) // 10000 >= 16 else "MEMBER"
    inherits = "" if there is None else " AND pg_has_role(%s, 'USAGE')"
    parameters = [definition.owner] * (1 if there is None else 2)
    may, me = fetch(base, f"SELECT pg_has_role(%s, '{set_role}'){inherits}, current_user", [*parameters])[0]
    if not may:
        verb = "may not rename it" if there else "may not give it to that role"
        raise MissingRights(
            f"The database {target} belongs to {definition.owner}, and {me} {verb}. Nothing was changed. Remedy:"
            f" restore as {definition.owner}, or GRANT {identifier(definition.owner)} TO {identifier(me)}, with INHERIT."
        )


def _refuse_missing_roles(base: BaseDatabaseWrapper, backup: Backup, target: str) -> None:
    known = {row[0] for row in fetch(base, "SELECT rolname FROM pg_roles")}
    missing = [name for name in backup.definition.roles if name not in known]
    if missing:
        statements = " ".join(f"CREATE ROLE {identifier(name)};" for name in missing)
        raise RestoreRefused(
            f"{target} is to belong to roles, or to be open to roles, that this server does not have:"
            f" {', '.join(missing)}. A backup of a database does not hold them. Nothing was changed. Remedy: {statements}"
        )

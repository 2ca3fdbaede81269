"""Why a backup does not restore here: the server, the role, or the backup itself."""

from __future__ import annotations

import re

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.backups.manifest import Backup
from livemigrations.errors import ProgramFailed
from livemigrations.pgtools.running import server_version

_REMEDIES = (
    (
        r"No space left on device|Disk quota exceeded|could not extend file|could not write to file",
        "free some space on the disk of the server, then try again.",
    ),
    (
        r'extension ".*" is not available|extension control file|could not access file|could not load library',
        "install that extension on the server, then try again.",
    ),
    (
        r"not supported (in|by) this|to be built with|could not create locale|collation .* does not exist|unrecognized configuration",
        "give the server what it lacks (a locale, a library, a build with it), then try again.",
    ),
    (r'(role|tablespace) ".*" does not exist', "create it on the server, then try again."),
    (
        r"permission denied|must be (superuser|owner|able|a member)|only superuser|Must be superuser",
        "let a role do it that has the right; event triggers and some extensions want a superuser.",
    ),
    (
        r"connection to server|server closed the connection|terminating connection|database system is (shut|start|in rec)",
        "look into the server's log, then try again.",
    ),
    (
        r"too many clients|remaining connection slots|out of shared memory|canceling statement",
        "look into the server's log, then try again.",
    ),
    (
        r"out of memory|annot allocate memory|could not (fork|create worker)|oo many open files",
        "give the server or this machine more memory, or let fewer --jobs do it, then try again.",
    ),
)
_ENDED = "look who ended it (the kernel's log, where memory ran out), then try again; fewer --jobs take less memory."
_WORKER_DIED = "a worker process died unexpectedly"  # also said after each error of a worker
_NOT_FOUND = r"(relation|function|type|operator) .*does not exist"
_NO_SEARCH_PATH = (
    "a function that a constraint, an index or a materialized view calls names something without its schema, and a dump"
    " is read without a search path: ALTER FUNCTION … SET search_path = …, then back up again."
)


def remedy_here(error: ProgramFailed) -> str | None:
    """What to do on the server if it is the server or the role that does not let pg_restore do it, else None."""
    errors = [line for line in error.said if "error:" in line]
    if error.code < 0 or (errors and all(_WORKER_DIED in line for line in errors)):
        return _ENDED
    said = "\n".join(line for line in error.said if "error" in line.lower() or "detail" in line.lower())
    return next((remedy for pattern, remedy in _REMEDIES if re.search(pattern, said)), None)


def remedy_there(error: ProgramFailed) -> str | None:
    """What to do in the database that was backed up, if the dump of it does not restore anywhere, else None."""
    found = any(re.search(_NOT_FOUND, line) for line in error.said if "error:" in line)
    return _NO_SEARCH_PATH if found else None


def majors(connection: BaseDatabaseWrapper, backup: Backup) -> tuple[int, int]:
    """The major versions of the server that the backup is of, and of the connection's."""
    return int(backup.server_version.partition(".")[0]), server_version(connection) // 10000


def too_new_for(connection: BaseDatabaseWrapper, backup: Backup) -> str | None:
    """The sentence that says so if the backup is of a newer PostgreSQL than the connection's server, else None."""
    made, here = majors(connection, backup)
    if made <= here:
        return None
    return (
        f"The backup {backup.name} is of PostgreSQL {made}, and this server is PostgreSQL {here}: an older server does"
        f" not understand all that a newer one has. Remedy: use a server of PostgreSQL {made} or newer."
    )

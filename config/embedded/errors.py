"""What can go wrong with the embedded server; the docstring of a class is its default message."""

from __future__ import annotations


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot be used. Set DATABASE_URL to use a server of your own."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or type(self).__doc__)


class BinariesMissing(EmbeddedError):
    """No PostgreSQL programs were found. Run `make install`, or set PG_BIN to a folder that contains initdb."""


class WrongVersion(EmbeddedError):
    """The data folder was made by another major version of PostgreSQL than the programs that were found."""


class NoRights(EmbeddedError):
    """A folder of the embedded PostgreSQL cannot be read or written by this user."""


class NoRoom(EmbeddedError):
    """The disk is full. Free some space, or set TEPPAN_PGDATA to a folder on another disk."""


class StartFailed(EmbeddedError):
    """The embedded PostgreSQL did not start."""


class StopFailed(EmbeddedError):
    """The embedded PostgreSQL did not stop."""

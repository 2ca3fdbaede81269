"""Where a connection leads, in the words of libpq: for client programs and for processes of ours."""

from __future__ import annotations

import os
from typing import Any

from django.db.backends.base.base import NO_DB_ALIAS, BaseDatabaseWrapper
from psycopg import pq
from psycopg.conninfo import make_conninfo

from livemigrations.errors import LiveMigrationError

_PASSWORD = "password"
_OURS = frozenset({_PASSWORD, "client_encoding", "dbname"})  # a dump keeps the encoding of its database


def conninfo(connection: BaseDatabaseWrapper, database: str | None = None, *, settings: str = "") -> str:
    """The libpq connection string, without any secret; ``database`` names another one on the same server.

    ``settings`` are further ones of the session (``-c name=value``), which not every pooler lets pass.
    """
    parameters, kinds = _parameters(connection), _kinds()
    secret = [name for name in parameters if kinds.get(name) and name != _PASSWORD]
    if secret:
        raise LiveMigrationError(
            f"OPTIONS of {connection.alias} name {', '.join(secret)}, a secret that client programs take from no"
            " environment variable. Remedy: put it into a service file and name that with OPTIONS['service']."
        )
    known = {name: value for name, value in parameters.items() if name in kinds and name not in _OURS}
    if settings:
        known["options"] = f"{known.get('options') or ''} {settings}".strip()
    return make_conninfo(**known, dbname=database or database_name(connection))


def environment(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """The environment of a client program: this process's own, the password, messages in English."""
    password = _parameters(connection).get(_PASSWORD)
    return {**os.environ, "LC_ALL": "C", **({"PGPASSWORD": str(password)} if password else {})}


def role(connection: BaseDatabaseWrapper) -> str:
    """The role that the connection assumes after login; empty if it stays who it is."""
    return str(connection.settings_dict["OPTIONS"].get("assume_role") or "")


def database_name(connection: BaseDatabaseWrapper) -> str:
    """The name of the connection's database, also where a service file names it."""
    name = str(connection.settings_dict["NAME"] or "")
    if name:
        return name
    connection.ensure_connection()
    return str(connection.connection.info.dbname)


def beside(connection: BaseDatabaseWrapper, database: str | None = None, alias: str | None = None) -> Any:
    """A connection of its own, without a pool, to the same database or to another one on its server; close it.

    To another one without an ``alias``, it is one of those that Django has no alias for: what others do when a
    connection is made under an alias (look for the types of extensions there) is not done.
    """
    own = database_name(connection)
    same = connection.alias if database in (None, own) else NO_DB_ALIAS
    made = connection.copy(alias=alias or same)
    made.settings_dict["OPTIONS"].pop("pool", None)
    made.settings_dict["NAME"] = database or own
    made.settings_dict.update(AUTOCOMMIT=True, ATOMIC_REQUESTS=False)
    return made


def _parameters(connection: BaseDatabaseWrapper) -> dict[str, Any]:
    wrapper: Any = connection
    return dict(wrapper.get_connection_params())


def _kinds() -> dict[str, bool]:
    """The options that libpq knows, and whether they are secret."""
    return {option.keyword.decode(): option.dispchar == b"*" for option in pq.Conninfo.get_defaults()}

"""What belongs to a database as a whole, and no dump of its content holds: locale, owner, grants, settings, comment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import fetch
from livemigrations.statements.names import identifier, literal

_LISTS = frozenset({
    "local_preload_libraries", "search_path", "session_preload_libraries", "shared_preload_libraries", "temp_tablespaces",
    "unix_socket_directories",
})  # fmt: skip
_LOCALE = {15: "daticulocale, NULL", 16: "daticulocale, daticurules", 17: "datlocale, daticurules"}


@dataclass(frozen=True)
class Definition:
    """A database as a whole. ``grants`` are (grantee, privilege, with grant option), None for PostgreSQL's default;
    ``settings`` are (role or empty, name, value); ``lets_in`` says whether anybody may connect (ALLOW_CONNECTIONS)."""

    encoding: str
    provider: str
    collate: str
    ctype: str
    locale: str | None
    rules: str | None
    tablespace: str
    owner: str
    connection_limit: int
    comment: str | None
    grants: list[tuple[str, str, bool]] | None = None
    settings: list[tuple[str, str, str]] = field(default_factory=list)
    is_template: bool = False
    lets_in: bool = True

    @classmethod
    def read(cls, connection: BaseDatabaseWrapper, database: str | None = None) -> Definition | None:
        """What the server says of a database (None: the connection's own); None if there is none of that name."""
        major = min(max(int(connection.pg_version) // 10000, 15), 17)  # type: ignore[attr-defined]
        rows = fetch(
            connection,
            "SELECT d.oid::bigint, pg_encoding_to_char(encoding), datlocprovider::text, datcollate, datctype,"
            f" {_LOCALE[major]}, spcname, pg_get_userbyid(datdba), datconnlimit,"
            " shobj_description(d.oid, 'pg_database'), datistemplate, datallowconn, datacl IS NULL"
            " FROM pg_database d JOIN pg_tablespace t ON t.oid = d.dattablespace"
            " WHERE datname = coalesce(%s, current_database())",
            [database],
        )
        if not rows:
            return None
        oid, *values, is_template, lets_in, plain = rows[0]
        grants, settings = None if plain else _grants(connection, oid), _settings(connection, oid)
        made = replace(cls(*values), grants=grants, settings=settings)
        return replace(made, is_template=bool(is_template), lets_in=bool(lets_in))

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Definition:
        """What ``to_json`` wrote."""
        grants = data["grants"]
        lists = {
            "grants": None if grants is None else [(who, what, bool(on)) for who, what, on in grants],
            "settings": [(who, name, value) for who, name, value in data["settings"]],
        }
        return cls(**{**data, **lists})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def create_sql(self, name: str, *, placed: bool = False) -> str:
        """The statement that makes an empty database in this encoding and locale, of the current role.

        ``placed`` puts it into the same tablespace as well.
        """
        provider = {"c": "libc", "i": "icu", "b": "builtin"}[self.provider]
        parts = [
            f"CREATE DATABASE {identifier(name)} TEMPLATE template0 ENCODING {literal(self.encoding)}",
            f"LOCALE_PROVIDER {provider} LC_COLLATE {literal(self.collate)} LC_CTYPE {literal(self.ctype)}",
        ]
        if self.locale:
            parts.append(f"{'ICU' if self.provider == 'i' else 'BUILTIN'}_LOCALE {literal(self.locale)}")
        if self.rules:
            parts.append(f"ICU_RULES {literal(self.rules)}")
        if placed and self.tablespace != "pg_default":
            parts.append(f"TABLESPACE {identifier(self.tablespace)}")
        return " ".join(parts)

    @property
    def roles(self) -> list[str]:
        """The roles that it names."""
        named = [self.owner, *(who for who, *_ in self.grants or []), *(who for who, *_ in self.settings)]
        return sorted({name for name in named if name})

    def settings_sql(self, name: str) -> Iterator[tuple[str, str, str]]:
        """For each setting of the database: its name, its value, and the statement that sets it for ``name``."""
        for who, setting, value in self.settings:
            whom = f"ROLE {identifier(who)} IN DATABASE {identifier(name)}" if who else f"DATABASE {identifier(name)}"
            how = "FROM CURRENT" if setting in _LISTS else f"TO {literal(value)}"
            key = ".".join(identifier(part) for part in setting.split("."))
            yield setting, value, f"ALTER {whom} SET {key} {how}"

    def rights_sql(self, name: str) -> list[str]:
        """The statements that give a database this owner, these grants, this limit, this comment and these marks."""
        known = identifier(name)
        lines = [
            f"COMMENT ON DATABASE {known} IS {'NULL' if self.comment is None else literal(self.comment)}",
            f"ALTER DATABASE {known} CONNECTION LIMIT {self.connection_limit}",
            f"ALTER DATABASE {known} OWNER TO {identifier(self.owner)}",
        ]
        if self.is_template:
            lines.insert(0, f"ALTER DATABASE {known} IS_TEMPLATE true")
        if not self.lets_in:
            lines.insert(0, f"ALTER DATABASE {known} ALLOW_CONNECTIONS false")
        if self.grants is None:
            return lines
        lines.append(f"REVOKE ALL ON DATABASE {known} FROM PUBLIC, {identifier(self.owner)}")
        for grantee, privilege, grantable in self.grants:
            whom = "PUBLIC" if grantee == "" else identifier(grantee)
            lines.append(f"GRANT {privilege} ON DATABASE {known} TO {whom}{' WITH GRANT OPTION' if grantable else ''}")
        return lines


def apply_settings(base: BaseDatabaseWrapper, definition: Definition, name: str) -> list[str]:
    """Give the database ``name`` the settings of ``definition``; return what the role may not set, a line each.

    ``base`` is a connection of the caller's own: its session's settings change.
    """
    refused = []
    for setting, value, statement in definition.settings_sql(name):
        try:
            with base.cursor() as cursor:
                if statement.endswith("FROM CURRENT"):
                    cursor.execute("SELECT set_config(%s, %s, false)", [setting, value])
                cursor.execute(statement)
        except Error as error:
            refused.append(f"{setting} = {value}: {str(error).strip()}")
    return refused


def _grants(connection: BaseDatabaseWrapper, oid: int) -> list[tuple[str, str, bool]]:
    rows = fetch(
        connection,
        "SELECT CASE WHEN a.grantee = 0 THEN '' ELSE pg_get_userbyid(a.grantee) END, a.privilege_type, a.is_grantable"
        " FROM pg_database d, aclexplode(d.datacl) a WHERE d.oid = %s ORDER BY a.grantee <> d.datdba, 1, 2",
        [oid],
    )
    return [(who, what, bool(grantable)) for who, what, grantable in rows]


def _settings(connection: BaseDatabaseWrapper, oid: int) -> list[tuple[str, str, str]]:
    rows = fetch(
        connection,
        "SELECT coalesce(r.rolname, ''), split_part(c, '=', 1), substr(c, strpos(c, '=') + 1)"
        " FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) c"
        " WHERE s.setdatabase = %s AND (s.setrole = 0 OR r.rolname IS NOT NULL) ORDER BY 1, 2",
        [oid],
    )
    return [(who, name, value) for who, name, value in rows]

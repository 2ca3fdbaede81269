"""The objects of a schema, kept up to date: what no transaction has changed since the last look is not read again.

Every change of a definition writes a row of a system catalog anew, in whatever way it is made. New rows are told by the
transaction that wrote them, rows that are gone by their number. What is read again are the relations that such rows
belong to, and those whose definitions name one that was renamed; all is read again after anything else, such as a
function, a type or a schema, since any text may name it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.objects import Key, Kind, Objects, read_objects, used_schemas
from livemigrations.catalog.relations import fetch

_ALL = 0
_OWNER = "owner of a sequence"
_OF_NO_TABLE = (Kind.FUNCTION, Kind.TYPE, Kind.EXTENSION)
_FIRST_OWN = 16384  # PostgreSQL gives lower oids to what initdb makes only
_TEXTS = (
    "pg_proc", "pg_enum", "pg_extension", "pg_collation", "pg_operator", "pg_opclass", "pg_am", "pg_language", "pg_ts_config",
)  # fmt: skip

# Rows that can vanish without a trace in another row: the catalog, what they describe, the relation it belongs to.
_ROWS = f"""
SELECT 'relation' AS what, c.oid::bigint AS object, c.oid::bigint AS relation, c.xmin AS version
FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.oid >= {_FIRST_OWN}
UNION ALL SELECT 'index', indexrelid::bigint, indrelid, xmin FROM pg_index WHERE indrelid >= {_FIRST_OWN}
UNION ALL SELECT 'constraint', oid::bigint, conrelid, xmin FROM pg_constraint WHERE oid >= {_FIRST_OWN}
UNION ALL SELECT 'trigger', oid::bigint, tgrelid, xmin FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT '{_OWNER}', o.objid::bigint, o.refobjid, o.xmin
FROM pg_depend o JOIN pg_sequence s ON s.seqrelid = o.objid
WHERE o.classid = 'pg_class'::regclass AND o.refclassid = 'pg_class'::regclass AND o.deptype IN ('a', 'i')
UNION ALL SELECT 'member', d.classid::bigint << 32 | d.objid::bigint, {_ALL}, d.xmin FROM pg_depend d
WHERE d.deptype = 'e' AND d.objid >= {_FIRST_OWN}
UNION ALL SELECT 'comment', d.classoid::bigint << 48 | d.objoid::bigint << 16 | d.objsubid,
    coalesce(i.indrelid, k.conrelid, d.objoid), d.xmin
FROM pg_description d LEFT JOIN pg_index i ON d.classoid = 'pg_class'::regclass AND i.indexrelid = d.objoid
LEFT JOIN pg_constraint k ON d.classoid = 'pg_constraint'::regclass AND k.oid = d.objoid
WHERE d.objoid >= {_FIRST_OWN} AND d.classoid IN ('pg_class'::regclass, 'pg_constraint'::regclass)
UNION ALL SELECT 'type', t.oid::bigint, coalesce(c.oid, {_ALL}), t.xmin
FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid AND c.relkind <> 'c'
WHERE t.oid >= {_FIRST_OWN} AND (t.typcategory <> 'A' OR t.typtype <> 'b')
UNION ALL SELECT 'schema', oid::bigint, {_ALL}, xmin FROM pg_namespace
{" ".join(f"UNION ALL SELECT '{one}', oid::bigint, {_ALL}, xmin FROM {one} WHERE oid >= {_FIRST_OWN}" for one in _TEXTS)}
"""
# Rows that vanish only with one of those.
_NEW = "<= (SELECT age(%(since)s::text::xid))"
_PARTS = f"""
SELECT 'column', 0::bigint, CASE c.relkind WHEN 'c' THEN {_ALL} ELSE a.attrelid END::bigint, a.xmin
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE a.attnum > 0 AND age(a.xmin) {_NEW}
UNION ALL SELECT 'default', 0::bigint, adrelid, xmin FROM pg_attrdef WHERE age(xmin) {_NEW}
UNION ALL SELECT 'rule', 0::bigint, ev_class, xmin FROM pg_rewrite WHERE age(xmin) {_NEW}
UNION ALL SELECT 'sequence', 0::bigint, seqrelid, xmin FROM pg_sequence WHERE age(xmin) {_NEW}
UNION ALL SELECT 'name of an index', 0::bigint, i.indrelid, x.xmin
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE age(x.xmin) {_NEW}
"""
_NOW = """
SELECT pg_snapshot_xmax(pg_current_snapshot())::xid::text, coalesce(current_schema(), ''), current_setting('search_path')
"""
_WRITTEN = f"""
SELECT count(*) FILTER (WHERE object > 0),
       coalesce(json_agg(json_build_array(what, object, relation::bigint)) FILTER (WHERE age(version) {_NEW}), '[]')
FROM ({_ROWS} UNION ALL {_PARTS}) written
"""
_NAMES = f"""
SELECT c.oid::bigint, n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.oid >= {_FIRST_OWN}
AND (%(only)s::oid[] IS NULL OR c.oid = ANY (%(only)s::oid[]))
"""
# What names a relation, or its row type, in its own definition: views and rules first.
_DEPENDENTS = f"""
SELECT DISTINCT d.classid = 'pg_rewrite'::regclass, coalesce(k.conrelid, a.adrelid, w.ev_class, t.tgrelid, c.oid, {_ALL})::bigint
FROM (
    SELECT 'pg_class'::regclass AS class, unnest(%(only)s::oid[]) AS object UNION ALL
    SELECT 'pg_type'::regclass, unnest(ARRAY[y.oid, y.typarray]) FROM pg_class r JOIN pg_type y ON y.oid = r.reltype
    WHERE r.oid = ANY (%(only)s::oid[])
) named JOIN pg_depend d ON d.refclassid = named.class AND d.refobjid = named.object
LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
LEFT JOIN pg_attrdef a ON d.classid = 'pg_attrdef'::regclass AND a.oid = d.objid
LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
LEFT JOIN pg_trigger t ON d.classid = 'pg_trigger'::regclass AND t.oid = d.objid
LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relkind <> 'c'
WHERE d.deptype IN ('n', 'a') AND d.classid <> 'pg_policy'::regclass
"""


@dataclass(slots=True)
class Following:
    """The objects of the schemas in use, as ``look`` saw them last. Nobody else may write to the database meanwhile."""

    connection: BaseDatabaseWrapper
    schemas: list[str] = field(default_factory=list)
    _place: tuple[str, str] = ("", "")
    _since: str = ""
    _rows: dict[tuple[str, int], int] = field(default_factory=dict)
    _names: dict[int, tuple[str, str]] = field(default_factory=dict)
    _groups: dict[str, Objects] = field(default_factory=dict)

    @property
    def objects(self) -> Objects:
        """All of them."""
        return {key: thing for group in self._groups.values() for key, thing in group.items()}

    def look(self) -> tuple[Objects, Objects]:
        """What was there of the relations that may have changed since the last look, and what is there of them now.

        Call it outside of a transaction. The first look, and each one after something that any text may name, is at all.
        """
        [(now, first, path)] = fetch(self.connection, _NOW)
        since, self._since = self._since, now
        if self._place != (first, path):
            self._place = first, path
            return self._everything()
        touched = self._touched(since)
        touched |= self._dependents(touched, views=True)
        names = self._names_of(touched)
        if _ALL in touched or self._elsewhere(touched, names):
            return self._everything()
        return self._again(touched, names)

    def _everything(self) -> tuple[Objects, Objects]:
        before = self.objects
        self.schemas = used_schemas(self.connection)
        now = read_objects(self.connection, self.schemas)
        self._groups = _grouped(now)
        self._names = self._names_of(None)
        self._rows = self._all_rows()
        return before, now

    def _again(self, touched: set[int], names: dict[int, tuple[str, str]]) -> tuple[Objects, Objects]:
        """Read the touched relations, and what names one of them whose name, or the name of a column, is gone."""
        now = self._read(touched)
        further = self._dependents(self._renamed(touched, names, now), views=False) - touched
        if _ALL in further:
            return self._everything()
        now |= self._read(further)
        touched, names = touched | further, names | self._names_of(further)
        before = self._known(touched)
        for one in touched & self._names.keys():
            self._groups.pop(self._plain(*self._names.pop(one)), None)
        self._groups |= _grouped(now)
        self._names |= names
        return before, now

    def _read(self, relations: set[int]) -> Objects:
        return read_objects(self.connection, self.schemas, sorted(relations)) if relations else {}

    def _renamed(self, touched: set[int], names: dict[int, tuple[str, str]], now: Objects) -> set[int]:
        """Those whose own name has changed, or that no longer have each of their columns."""
        known = touched & self._names.keys()
        return {
            one
            for one in known
            if names.get(one) != self._names[one]
            or any(key.kind == Kind.COLUMN and key not in now for key in self._known({one}))
        }

    def _touched(self, since: str) -> set[int]:
        """The relations of the rows that were written since, and of those that are gone."""
        [(count, found)] = fetch(self.connection, _WRITTEN, {"since": since})
        self._rows |= {(what, oid): relation for what, oid, relation in found if oid}
        touched = {relation for _, _, relation in found} | {oid for what, oid, _ in found if what == _OWNER}
        if len(self._rows) != count:
            present = self._all_rows()
            gone = self._rows.keys() - present.keys()
            touched |= {self._rows[row] for row in gone} | {oid for what, oid in gone if what == _OWNER}
            self._rows = present
        return touched

    def _dependents(self, touched: set[int], *, views: bool) -> set[int]:
        """Whose definitions name one of these: only views, whose texts have every column in them, or all."""
        rows = fetch(self.connection, _DEPENDENTS, {"only": sorted(touched)}) if touched else []
        return {relation for is_view, relation in rows if is_view or not views}

    def _elsewhere(self, touched: set[int], names: dict[int, tuple[str, str]]) -> bool:
        """Whether the schemas in use may be others now, or a name is one that relations of two schemas have."""
        moved = {self._names[one] for one in touched & self._names.keys()} ^ set(names.values())
        if not moved:
            return False
        others = {name for one, (_, name) in self._names.items() if one not in touched}
        return any(name in others for _, name in moved) or used_schemas(self.connection) != self.schemas

    def _known(self, touched: set[int]) -> Objects:
        groups = [self._plain(*self._names[one]) for one in sorted(touched & self._names.keys())]
        return {key: thing for group in groups for key, thing in self._groups.get(group, {}).items()}

    def _names_of(self, relations: set[int] | None) -> dict[int, tuple[str, str]]:
        only = None if relations is None else sorted(relations)
        return {oid: (schema, name) for oid, schema, name in fetch(self.connection, _NAMES, {"only": only})}

    def _all_rows(self) -> dict[tuple[str, int], int]:
        rows = fetch(self.connection, f"SELECT what, object, relation::bigint FROM ({_ROWS}) present")
        return {(what, oid): relation for what, oid, relation in rows}

    def _plain(self, schema: str, name: str) -> str:
        return name if schema == self._place[0] else f"{schema}.{name}"


def _grouped(objects: Objects) -> dict[str, Objects]:
    """By the relation to which they belong, in their order."""
    groups: dict[str, Objects] = {}
    for key, thing in objects.items():
        groups.setdefault("" if key.kind in _OF_NO_TABLE else _relation(key), {})[key] = thing
    return groups


def _relation(key: Key) -> str:
    return key.table or key.name

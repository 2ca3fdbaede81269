"""What DROP TABLE … CASCADE drops outside of a table: views, functions, policies, foreign keys, columns of other tables.

Found as PostgreSQL finds it, through ``pg_depend``: what depends on the table, on its row type or on the array of it,
what depends on that, and so on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import fetch
from livemigrations.statements.names import Name, literal

_REGISTERED = "livemigrations: dropped with it"


@dataclass(frozen=True, slots=True)
class Dependent:
    """An object outside. ``described`` is what PostgreSQL calls it, ``drop`` the statement that drops it.

    ``create`` are the statements that create it again; empty where rows would be lost with it or the engine cannot
    write them. ``slow``: creating it again reads rows, so that a person decides when.
    """

    described: str
    drop: str
    create: tuple[str, ...] = ()
    slow: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    """A row of the catalog: its address, its name as ``pg_identify_object`` has it, and the relation it belongs to."""

    catalog: str
    oid: int
    sub: int
    kind: str
    identity: str
    name: str
    described: str
    relation: int
    table: str


_RELATIONS = """
SELECT 'pg_class'::regclass::oid AS class, r.oid AS object, 0 AS sub FROM pg_class r WHERE r.oid = ANY (%(oids)s::oid[])
UNION ALL SELECT 'pg_type'::regclass, unnest(ARRAY[y.oid, y.typarray]), 0 FROM pg_class r JOIN pg_type y ON y.oid = r.reltype
WHERE r.oid = ANY (%(oids)s::oid[])
"""
# A view is dropped as a whole when its rule is; a generated column when its expression is.
_LEVEL = """
SELECT DISTINCT v.class::regclass::text, v.object::bigint, v.sub, o.type, o.identity, o.name,
    pg_describe_object(v.class, v.object, v.sub), v.relation::bigint, v.relation::regclass::text
FROM (
    SELECT CASE WHEN w.rulename = '_RETURN' OR g.attnum IS NOT NULL THEN 'pg_class'::regclass ELSE d.classid END AS class,
        CASE WHEN w.rulename = '_RETURN' THEN w.ev_class WHEN g.attnum IS NOT NULL THEN g.attrelid ELSE d.objid END AS object,
        CASE WHEN w.rulename = '_RETURN' THEN 0 WHEN g.attnum IS NOT NULL THEN g.attnum ELSE d.objsubid END AS sub,
        coalesce(k.conrelid, a.adrelid, w.ev_class, t.tgrelid, p.polrelid, i.indrelid, s.stxrelid, b.prrelid,
            CASE WHEN d.classid = 'pg_class'::regclass THEN d.objid ELSE 0 END) AS relation, d.classid, d.objid
    FROM pg_depend d JOIN ({roots}) r ON d.refclassid = r.class AND d.refobjid = r.object AND r.sub IN (0, d.refobjsubid)
    LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
    LEFT JOIN pg_attrdef a ON d.classid = 'pg_attrdef'::regclass AND a.oid = d.objid
    LEFT JOIN pg_attribute g ON g.attrelid = a.adrelid AND g.attnum = a.adnum AND g.attgenerated <> ''
    LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
    LEFT JOIN pg_trigger t ON d.classid = 'pg_trigger'::regclass AND t.oid = d.objid
    LEFT JOIN pg_policy p ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid
    LEFT JOIN pg_index i ON d.classid = 'pg_class'::regclass AND i.indexrelid = d.objid
    LEFT JOIN pg_statistic_ext s ON d.classid = 'pg_statistic_ext'::regclass AND s.oid = d.objid
    LEFT JOIN pg_publication_rel b ON d.classid = 'pg_publication_rel'::regclass AND b.oid = d.objid
    WHERE d.deptype = 'n' OR (d.classid = 'pg_publication_rel'::regclass AND d.deptype = 'a')
) v CROSS JOIN LATERAL pg_identify_object(v.class, v.object, v.sub) o
WHERE (v.class = 'pg_publication_rel'::regclass OR NOT v.relation = ANY (%(family)s::oid[])) ORDER BY 7
"""


def dependents_outside(connection: BaseDatabaseWrapper, family: Iterable[int]) -> list[Dependent]:
    """What a DROP … CASCADE of a table with its partitions would drop besides; what depends on others stands last."""
    oids = list(family)
    found: dict[tuple[str, int, int], _Found] = {}
    roots, parameters = _RELATIONS, {"oids": oids, "family": oids}
    while True:
        rows = [_Found(*row) for row in fetch(connection, _LEVEL.replace("{roots}", roots), parameters)]
        new = [one for one in rows if (one.catalog, one.oid, one.sub) not in found]
        if not new:
            return [_dependent(connection, one) for one in found.values()]
        found |= {(one.catalog, one.oid, one.sub): one for one in new}
        whole = [one.oid for one in new if one.catalog == "pg_class" and not one.sub]
        others = ", ".join(
            f"({literal(one.catalog)}::regclass::oid, {one.oid}::oid, {one.sub})"
            for one in new
            if not (one.catalog == "pg_class" and not one.sub)
        )
        roots = _RELATIONS + (f" UNION ALL SELECT * FROM (VALUES {others}) o (class, object, sub)" if others else "")
        parameters = {"oids": whole, "family": oids}


def _dependent(connection: BaseDatabaseWrapper, one: _Found) -> Dependent:
    tell = _KINDS.get(one.kind)
    if tell is None:
        return Dependent(one.described, f"DROP {one.kind.upper()} IF EXISTS {one.identity} CASCADE")
    return tell(connection, one)


def _ask(connection: BaseDatabaseWrapper, query: str, oid: int) -> tuple[Any, ...]:
    return tuple(fetch(connection, query, [oid])[0])


def _function(connection: BaseDatabaseWrapper, one: _Found) -> Dependent:
    definition, comment = _ask(
        connection,
        "SELECT pg_get_functiondef(oid), obj_description(oid, 'pg_proc') FROM pg_proc WHERE oid = %s",
        one.oid,
    )
    word = one.kind.upper()
    notes = [f"COMMENT ON {word} {one.identity} IS {literal(comment)}"] if comment else []
    return Dependent(one.described, f"DROP {word} IF EXISTS {one.identity} CASCADE", (definition, *notes))


def _view(connection: BaseDatabaseWrapper, one: _Found) -> Dependent:
    body, options, comment, filled = _ask(
        connection,
        "SELECT pg_get_viewdef(oid), array_to_string(reloptions, ', '), obj_description(oid, 'pg_class'), relispopulated"
        " FROM pg_class WHERE oid = %s",
        one.oid,
    )
    word, materialized = one.kind.upper(), one.kind == "materialized view"
    given = f" WITH ({options})" if options else ""
    # Reading the rows is for a person to decide, at a time of theirs.
    data = " WITH NO DATA" if materialized else ""
    statements = [f"CREATE {word} {one.identity}{given} AS {body.rstrip().rstrip(';')}{data}"]
    if comment:
        statements.append(f"COMMENT ON {word} {one.identity} IS {literal(comment)}")
    statements += [row[0] for row in fetch(connection, _VIEWS_INDEXES, [one.oid])]
    statements += [f"GRANT {what} ON {one.identity} TO {who}" for what, who in fetch(connection, _GRANTS, [one.oid])]
    if materialized and filled:
        statements.append(f"REFRESH MATERIALIZED VIEW {one.identity}")
    return Dependent(
        one.described, f"DROP {word} IF EXISTS {one.identity} CASCADE", tuple(statements), slow=materialized
    )


_VIEWS_INDEXES = "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = %s ORDER BY indexrelid"
_GRANTS = """
SELECT x.privilege_type, CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END
FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) x WHERE c.oid = %s AND x.grantee <> c.relowner ORDER BY 2, 1
"""


def _policy(connection: BaseDatabaseWrapper, one: _Found) -> Dependent:
    name, permissive, command, roles, using, check = _ask(
        connection,
        "SELECT quote_ident(polname), polpermissive, CASE polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT'"
        " WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END, (SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC'"
        " ELSE quote_ident(pg_get_userbyid(r)) END, ', ') FROM unnest(polroles) r), pg_get_expr(polqual, polrelid),"
        " pg_get_expr(polwithcheck, polrelid) FROM pg_policy WHERE oid = %s",
        one.oid,
    )
    kind = "PERMISSIVE" if permissive else "RESTRICTIVE"
    text = f"CREATE POLICY {name} ON {one.table} AS {kind} FOR {command} TO {roles}"
    text += f" USING ({using})" if using else ""
    text += f" WITH CHECK ({check})" if check else ""
    return Dependent(one.described, f"DROP POLICY IF EXISTS {name} ON {one.table}", (text,))


def _rule(connection: BaseDatabaseWrapper, one: _Found) -> Dependent:
    name, text = _ask(
        connection, "SELECT quote_ident(rulename), pg_get_ruledef(oid) FROM pg_rewrite WHERE oid = %s", one.oid
    )
    return Dependent(one.described, f"DROP RULE IF EXISTS {name} ON {one.table}", (text,))


def _trigger(connection: BaseDatabaseWrapper, one: _Found) -> Dependent:
    name, text = _ask(
        connection, "SELECT quote_ident(tgname), pg_get_triggerdef(oid) FROM pg_trigger WHERE oid = %s", one.oid
    )
    return Dependent(one.described, f"DROP TRIGGER IF EXISTS {name} ON {one.table}", (text,))


def _constraint(connection: BaseDatabaseWrapper, one: _Found) -> Dependent:
    name, text = _ask(
        connection, "SELECT quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint WHERE oid = %s", one.oid
    )
    drop = f"ALTER TABLE IF EXISTS {one.table} DROP CONSTRAINT IF EXISTS {name} CASCADE"
    return Dependent(one.described, drop, (f"ALTER TABLE {one.table} ADD CONSTRAINT {name} {text}",), slow=True)


def _default(connection: BaseDatabaseWrapper, one: _Found) -> Dependent:
    column, text = _ask(
        connection,
        "SELECT quote_ident(g.attname), pg_get_expr(a.adbin, a.adrelid) FROM pg_attrdef a JOIN pg_attribute g"
        " ON g.attrelid = a.adrelid AND g.attnum = a.adnum WHERE a.oid = %s",
        one.oid,
    )
    head = f"ALTER TABLE IF EXISTS {one.table} ALTER COLUMN {column}"
    return Dependent(one.described, f"{head} DROP DEFAULT", (f"{head} SET DEFAULT {text}",))


def _index(connection: BaseDatabaseWrapper, one: _Found) -> Dependent:
    (text,) = _ask(connection, "SELECT pg_get_indexdef(%s)", one.oid)
    return Dependent(one.described, f"DROP INDEX IF EXISTS {one.identity} CASCADE", (text,), slow=True)


def _column(connection: BaseDatabaseWrapper, one: _Found) -> Dependent:
    (name,) = _ask(
        connection, f"SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = %s AND attnum = {one.sub}", one.oid
    )
    return Dependent(one.described, f"ALTER TABLE {one.table} DROP COLUMN {name} CASCADE")


def _published(connection: BaseDatabaseWrapper, one: _Found) -> Dependent:
    publication, text, may = _ask(
        connection,
        "SELECT quote_ident(p.pubname), r.prrelid::regclass::text || coalesce((SELECT ' (' || string_agg(quote_ident("
        "a.attname), ', ' ORDER BY a.attnum) || ')' FROM pg_attribute a WHERE a.attrelid = r.prrelid AND a.attnum = ANY ("
        "r.prattrs::int2[])), '') || coalesce(' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')', ''),"
        " pg_has_role(p.pubowner, 'USAGE') FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid"
        " WHERE r.oid = %s",
        one.oid,
    )
    restored = (f"ALTER PUBLICATION {publication} ADD TABLE {text}",) if may else ()
    return Dependent(one.described, f"ALTER PUBLICATION {publication} DROP TABLE {one.table}", restored)


_KINDS = {
    "function": _function,
    "procedure": _function,
    "view": _view,
    "materialized view": _view,
    "policy": _policy,
    "rule": _rule,
    "trigger": _trigger,
    "table constraint": _constraint,
    "default value": _default,
    "index": _index,
    "table column": _column,
    "publication relation": _published,
}


# --- what a kept table notes of them -------------------------------------------------------------------------------


def note_sql(table: Name, dependents: Iterable[Dependent]) -> list[str]:
    """The statement that notes, as the comment on a kept table, how to create again what was dropped with it."""
    noted = [{"what": one.described, "create": one.create, "slow": one.slow} for one in dependents]
    if not noted:
        return []
    return [f"COMMENT ON TABLE {table} IS {literal(json.dumps({_REGISTERED: noted}))}"]


def noted(connection: BaseDatabaseWrapper, table: Name) -> Iterator[Dependent]:
    """What was dropped with a kept table, in the order in which it can be created again."""
    rows = fetch(connection, "SELECT obj_description(to_regclass(%s), 'pg_class')", [str(table)])
    try:
        data = json.loads(rows[0][0] or "null")
    except ValueError:
        return
    for one in data.get(_REGISTERED, ()) if isinstance(data, dict) else ():
        yield Dependent(one["what"], "", tuple(one["create"]), one["slow"])


def needed_by(connection: BaseDatabaseWrapper, table: Name) -> list[str]:
    """What a DROP TABLE without CASCADE would refuse to drop the table for, in PostgreSQL's words."""
    rows = fetch(
        connection,
        "WITH RECURSIVE f (oid) AS (SELECT to_regclass(%s)::oid UNION SELECT i.inhrelid FROM pg_inherits i JOIN f"
        " ON f.oid = i.inhparent) SELECT oid::bigint FROM f WHERE oid IS NOT NULL",
        [str(table)],
    )
    return [one.described for one in dependents_outside(connection, [row[0] for row in rows])]

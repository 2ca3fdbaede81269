"""Who is at work in this database, and who only in another one on the server."""

from __future__ import annotations

import threading

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.activity import builder_of
from livemigrations.catalog.relations import fetch, relation_oid
from tests.support.database import Database
from tests.support.waiting import wait_until

TABLE = "CREATE TABLE place (n int)"
BUILDING = "SELECT count(*) FROM pg_stat_progress_create_index WHERE datname = %s"


def test_a_build_in_a_copy_of_the_database_is_none_of_ours(database: Database, connection: BaseDatabaseWrapper) -> None:
    """A database made from a template has the tables of that under the same oids."""
    with database.connect() as own:
        own.execute(TABLE)
    connection.close()  # nobody may use a database that serves as a template
    copy = Database(database.server, f"{database.name}_copy")
    database.server.create_database(copy.name, template=database.name)
    try:
        with copy.connect() as holder, copy.connect() as builder:
            holder.execute("BEGIN; LOCK TABLE place IN ROW EXCLUSIVE MODE")
            build = threading.Thread(target=builder.execute, args=("CREATE INDEX CONCURRENTLY by_n ON place (n)",))
            build.start()
            try:
                wait_until(lambda: fetch(connection, BUILDING, [copy.name])[0][0])
                assert builder_of(connection, relation_oid(connection, "place"), "by_m") is None
            finally:
                holder.execute("ROLLBACK")
                build.join()
    finally:
        database.server.drop_database(copy.name)

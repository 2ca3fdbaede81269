"""Each test of Django 6.1 that exercises the schema of PostgreSQL, and the steps that tell the same.

A key is "story/step", or several of them, or a reason in brackets why nothing is told. Values are names of tests
without their ``test_``.
"""

from __future__ import annotations

from tests.livemigrations.schema.upstream import operations, postgres, schema

Table = dict[str, str]
TABLES: dict[str, Table] = {
    "schema.tests.SchemaTests": schema.TESTS,
    "schema.test_logging.SchemaLoggerTests": {"[what Django logs of its statements]": "extra_args"},
    "migrations.test_operations.OperationTests": operations.TESTS,
    "migrations.test_operations.SwappableOperationTests": {
        "tables/swapped": "create_ignore_swapped delete_ignore_swapped add_field_ignore_swapped indexes_ignore_swapped"
    },
    **{f"postgres_tests.{name}": table for name, table in postgres.TESTS.items()},
    **{f"indexes.tests.{name}": table for name, table in postgres.INDEXES.items()},
}

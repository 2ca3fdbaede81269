"""Sprints 1 and 2 as an Alembic project: the plan's SQL, statement by statement, unchanged."""

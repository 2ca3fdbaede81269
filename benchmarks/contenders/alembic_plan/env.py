"""Connects Alembic to DATABASE_URL, as its own template does: all revisions in one transaction."""

from __future__ import annotations

import os

import psycopg
from alembic import context
from sqlalchemy import create_engine

engine = create_engine(
    "postgresql+psycopg://", creator=lambda: psycopg.connect(os.environ["DATABASE_URL"]), future=True
)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()

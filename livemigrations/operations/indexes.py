"""Indexes on tables in use."""

from __future__ import annotations

from django.db import migrations


class AddIndex(migrations.AddIndex):
    """Add an index. Lane: online on a populated table (``CREATE INDEX CONCURRENTLY``).

    Locks: SHARE UPDATE EXCLUSIVE, which stops neither reads nor writes, for as long as the build takes. An invalid
    leftover of the same name is dropped and built anew; a valid one is kept if its definition is the same and
    refused if it is not. The way back is ``DROP INDEX CONCURRENTLY``.
    """


class RemoveIndex(migrations.RemoveIndex):
    """Drop an index. Lane: online on a populated table (``DROP INDEX CONCURRENTLY``), back by a concurrent build."""

"""The columns that every table has. PostgreSQL fills them, so that every writer gets the same defaults.

The tables of Sprints 0 to 2 were created by SQL that allows NULL in their timestamps; newer tables do not.
"""

from __future__ import annotations

from django.contrib.postgres.functions import RandomUUID
from django.db import models

from core.db.functions import TransactionNow


class LegacyCreatedRow(models.Model):
    """A row of Sprints 0 to 2 with a random primary key and the time of its creation."""

    id = models.UUIDField(primary_key=True, db_default=RandomUUID(), editable=False)
    created_at = models.DateTimeField(null=True, blank=True, editable=False, db_default=TransactionNow())

    class Meta:
        abstract = True


class LegacyRow(LegacyCreatedRow):
    """A row of Sprints 0 to 2 that also stores when it was last saved through its model.

    Raw SQL and ``QuerySet.update`` do not change ``updated_at``.
    """

    updated_at = models.DateTimeField(null=True, blank=True, editable=False, auto_now=True, db_default=TransactionNow())

    class Meta:
        abstract = True


class Row(models.Model):
    """The base of every new table: a random primary key and timestamps that are never NULL.

    A trigger that calls ``set_updated_at()`` maintains ``updated_at`` for every writer; the migration that creates
    the table creates it too (``live.CreateTrigger(model, "set_updated_at", "BEFORE UPDATE", "set_updated_at()")``).
    """

    id = models.UUIDField(primary_key=True, db_default=RandomUUID(), editable=False)
    created_at = models.DateTimeField(editable=False, db_default=TransactionNow())
    updated_at = models.DateTimeField(editable=False, db_default=TransactionNow())

    class Meta:
        abstract = True


def is_new(row: models.Model) -> bool:
    """Return whether a row has not been stored yet. The primary key does not tell: PostgreSQL assigns it."""
    return row._state.adding  # noqa: SLF001  # documented by Django for this purpose

"""What rows have in common. Every default is the database's, so that any writer gets it.

The tables of Sprints 0 to 2 that came with SQL allow NULL in their timestamps; newer tables do not.
"""

from __future__ import annotations

from django.contrib.postgres.functions import RandomUUID
from django.db import models

from livemigrations.functions import TransactionNow


class CreatedRow(models.Model):
    """A row with a random key that knows when it was made."""

    id = models.UUIDField(primary_key=True, db_default=RandomUUID(), editable=False)
    created_at = models.DateTimeField(null=True, blank=True, editable=False, db_default=TransactionNow())

    class Meta:
        abstract = True


class TimestampedRow(CreatedRow):
    """A row that also knows when it was last saved through its model.

    Raw SQL and ``QuerySet.update`` leave ``updated_at`` as it is.
    """

    updated_at = models.DateTimeField(null=True, blank=True, editable=False, auto_now=True, db_default=TransactionNow())

    class Meta:
        abstract = True


class StrictRow(models.Model):
    """A row whose timestamps are never NULL; a trigger keeps ``updated_at``, whoever writes."""

    id = models.UUIDField(primary_key=True, db_default=RandomUUID(), editable=False)
    created_at = models.DateTimeField(editable=False, db_default=TransactionNow())
    updated_at = models.DateTimeField(editable=False, db_default=TransactionNow())

    class Meta:
        abstract = True

"""The admin classes that every page of the staff site builds on."""

from __future__ import annotations

from django.db.models import Model
from django.http import HttpRequest

from core.admin.access import AccessMixin
from core.admin.deletion import DeletionMixin
from core.admin.forms import FormMixin
from core.admin.links import LinksMixin
from core.admin.lists import ListMixin
from core.admin.search import SearchMixin
from core.admin.times import TimeMixin


class StaffAdmin(SearchMixin, AccessMixin, LinksMixin, TimeMixin, ListMixin, FormMixin, DeletionMixin):
    """The base of every page; each of its parts has a module of its own."""


class ReadOnlyAdmin(StaffAdmin):
    """For money and ledgers: rows can be looked at, and are written by the system alone."""

    rows_are_protected = True

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds rows here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody changes rows here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody deletes rows here."""
        return False

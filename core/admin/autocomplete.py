"""The answers to a picker: rows by a label that tells them apart."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.db.models import Model, QuerySet

from core.admin.search import SearchMixin


class LabelledAutocompleteView(AutocompleteJsonView):
    """Answers as Django does, but names each row by the ``row_label`` of its admin class.

    A site takes it instead of Django's view through ``SITE_VIEWS`` in the theme's settings.
    """

    def get_queryset(self) -> QuerySet[Any]:
        """Return the rows found, with everything that their labels need."""
        rows: QuerySet[Any] = super().get_queryset()
        return self.model_admin.label_queryset(rows) if isinstance(self.model_admin, SearchMixin) else rows

    def serialize_result(self, obj: Model, to_field_name: str) -> dict[str, str]:
        """Return the row's key and label."""
        result: dict[str, str] = super().serialize_result(obj, to_field_name)
        if isinstance(self.model_admin, SearchMixin):
            result["text"] = self.model_admin.row_label(obj)
        return result

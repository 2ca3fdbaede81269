"""How the forms of the staff site show and read their fields."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import models
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldBooleanSwitchWidget


class FormMixin(ModelAdmin):
    """A form that shows an unset switch as off."""

    compressed_fields = True

    def formfield_for_dbfield(
        self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        """A nullable boolean becomes a switch: NULL means no."""
        if isinstance(db_field, models.BooleanField) and not db_field.choices:
            return forms.BooleanField(
                required=False,
                label=str(db_field.verbose_name).capitalize(),
                help_text=db_field.help_text,
                initial=bool(db_field.get_default()),
                widget=UnfoldBooleanSwitchWidget,
            )
        field: forms.Field | None = super().formfield_for_dbfield(db_field, request, **kwargs)
        return field

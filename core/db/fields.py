"""Django's fields as bases for our own: generic for type checkers, as they are at run time.

The type parameters are those of django-stubs: what may be assigned to the attribute, and what reading it returns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:

    class CharBase[Set, Get](models.CharField[Set, Get]):
        """A ``CharField``."""

    class DecimalBase[Set, Get](models.DecimalField[Set, Get]):
        """A ``DecimalField``."""

else:

    class CharBase(models.CharField):
        """A ``CharField``."""

        def __class_getitem__(cls, _parameters: Any) -> type:
            return cls

    class DecimalBase(models.DecimalField):
        """A ``DecimalField``."""

        def __class_getitem__(cls, _parameters: Any) -> type:
            return cls

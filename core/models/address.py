"""The columns of a postal address in the United States."""

from __future__ import annotations

from django.db import models


class Address(models.Model):
    """Street, city, state and ZIP code, each of which may be unknown (NULL)."""

    address_street = models.CharField("street", max_length=255, null=True, blank=True)
    address_city = models.CharField("city", max_length=100, null=True, blank=True)
    address_state = models.CharField("state", max_length=2, null=True, blank=True)
    address_zip = models.CharField("ZIP code", max_length=10, null=True, blank=True)

    class Meta:
        abstract = True

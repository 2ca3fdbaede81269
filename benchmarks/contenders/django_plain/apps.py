"""The application that holds the migrations; it needs no models."""

from __future__ import annotations

from django.apps import AppConfig


class PlainConfig(AppConfig):
    """An application with a history."""

    name = "benchmarks.contenders.django_plain"
    label = "plain"

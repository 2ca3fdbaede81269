"""The least that ``migrate`` needs; this project's engine is not installed."""

from __future__ import annotations

import os

from config import environment

SECRET_KEY = "for measuring only"
DATABASES = {"default": environment.database(os.environ["DATABASE_URL"])}
INSTALLED_APPS = ["benchmarks.contenders.django_plain"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True

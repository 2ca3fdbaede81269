"""The project under plain Django: the same apps and migrations, run by Django's own ``migrate``."""

from __future__ import annotations

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS as ALL_APPS

INSTALLED_APPS = [app for app in ALL_APPS if app != "livemigrations"]
SILENCED_SYSTEM_CHECKS = ["teppan.E001"]  # the engine is missing on purpose

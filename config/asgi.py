"""The ASGI entry point. It serves: without DEBUG in the environment this is production, unlike manage.py."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("TEPPAN_DEBUG_DEFAULT", "off")

from config.launch import prepare_to_serve

prepare_to_serve()
application = get_asgi_application()

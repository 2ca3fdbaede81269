"""Settings of a run of Django's own tests on this backend."""

from __future__ import annotations

import os

ENGINE = "tests.livemigrations.schema.backend"
HOST, USER = os.environ["DJANGO_TESTS_HOST"], os.environ["DJANGO_TESTS_USER"]
DATABASES = {
    alias: {
        "ENGINE": ENGINE, "HOST": HOST, "PORT": "5432", "USER": USER, "NAME": alias, "TEST": {"NAME": f"upstream_{alias}"},
    }
    for alias in ("default", "other")
}  # fmt: skip
SECRET_KEY = "throw-away"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
USE_TZ = False

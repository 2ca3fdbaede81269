"""Each mistake in a host's settings makes ``manage.py check`` fail with a remedy, and not with a traceback."""

from __future__ import annotations

import pytest

from tests.embedding.hosts import Host, snippet

pytestmark = pytest.mark.slow

SQLITE = 'DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}'
OWN_MIGRATE = """
from django.core.management.commands.migrate import Command
"""
MISTAKES = {
    **{
        f"without {name}": (f'INSTALLED_APPS.remove("{name}")', "E001", f'Add "{name}" to INSTALLED_APPS')
        for name in (
            *("unfold", "unfold.contrib.filters", "unfold.contrib.forms", "livemigrations", "pgtrigger"),
            *("django.contrib.postgres", "core", "customers", "bookings", "payments"),
        )
    },
    "unfold last": (
        'INSTALLED_APPS.remove("unfold"); INSTALLED_APPS.append("unfold")',
        "E002",
        'Move "unfold" before "django.contrib.admin"',
    ),
    "another migrate first": (
        'INSTALLED_APPS.insert(0, "deploying")',
        "E003",
        'Move "livemigrations" before "deploying"',
    ),
    "SQLite": (SQLITE, "E004", '"ENGINE": "django.db.backends.postgresql"'),
    "without the password rule": (
        'MIDDLEWARE.remove("adminpanel.middleware.PasswordChangeMiddleware")',
        "E006",
        'Add "adminpanel.middleware.PasswordChangeMiddleware"',
    ),
    "without the error pages": ("MIDDLEWARE.pop()", "E020", 'Add "core.admin.middleware.StaffPagesMiddleware"'),
    "the theme before core": (
        'INSTALLED_APPS.remove("core"); INSTALLED_APPS.append("core")',
        "E019",
        'Move "core" before "unfold"',
    ),
    "without the backend": ("del AUTHENTICATION_BACKENDS", "E008", "AUTHENTICATION_BACKENDS = ["),
    "without the user model": ("del AUTH_USER_MODEL", "E009", 'Set AUTH_USER_MODEL = "adminpanel.AdminUser"'),
    "a function that does not exist": (
        'AUTH_USER_MODEL = "auth.User"; TEPPAN_STAFF_ACCOUNT = "mysite.no.function"',
        "E010",
        'Set TEPPAN_STAFF_ACCOUNT = "',
    ),
    "a function without the backend": (
        'AUTH_USER_MODEL = "auth.User"; TEPPAN_STAFF_ACCOUNT = "mysite.urls.path"; del AUTHENTICATION_BACKENDS',
        "E011",
        "adminpanel.backends.StaffBackend']",
    ),
    "a default site that unfold replaces": (
        'INSTALLED_APPS[INSTALLED_APPS.index("django.contrib.admin")] = "mysite.admin_app.BackOfficeConfig"',
        "E016",
        'Write "unfold.apps.BasicAppConfig"',
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_an_error_with_a_remedy(host: Host, name: str) -> None:
    lines, error, hint = MISTAKES[name]
    host.write("deploying/__init__.py", "")
    host.write("deploying/management/commands/migrate.py", OWN_MIGRATE)
    host.write("mysite/sites.py", snippet("sites.py"))
    host.write("mysite/admin_app.py", snippet("admin_app.py"))
    module = f"wrong_{list(MISTAKES).index(name)}"
    host.write(f"mysite/{module}.py", f"from mysite.settings import *\n{lines}\n")
    checked = host.manage("check", f"--settings=mysite.{module}", check=False)
    assert checked.returncode == 1
    assert "Traceback" not in checked.stderr
    assert f"(teppan.{error})" in checked.stderr
    assert hint in checked.stderr


def test_a_second_site_and_a_default_site_of_ones_own(host: Host) -> None:
    host.write("mysite/sites.py", snippet("sites.py"))
    host.write("mysite/admin_app.py", snippet("admin_app.py"))
    host.write("mysite/second.py", snippet("urls.py with a second site"))
    host.write("mysite/two_sites.py", 'from mysite.settings import *\nROOT_URLCONF = "mysite.second"\n')
    host.manage("check", "--settings=mysite.two_sites", "--fail-level=WARNING")
    swap = (
        "from mysite.settings import *\n"
        'own = {"unfold": "unfold.apps.BasicAppConfig", "django.contrib.admin": "mysite.admin_app.BackOfficeConfig"}\n'
        "INSTALLED_APPS = [own.get(name, name) for name in INSTALLED_APPS]\n"
    )
    host.write("mysite/own_default.py", swap)
    host.manage("check", "--settings=mysite.own_default", "--fail-level=WARNING")
    said = host.manage(
        "shell", "--settings=mysite.own_default", "--no-imports", "-c",
        "from django.contrib import admin; from bookings.models import Booking;"
        "print(repr(admin.site), admin.site.is_registered(Booking))",
    ).stdout  # fmt: skip
    assert "BackOffice(name='admin') True" in said

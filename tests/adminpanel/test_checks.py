"""Each mistake in the settings is an error of the system check, with the line to add."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.admin import AdminSite
from django.contrib.admin.sites import all_sites
from django.core.checks import Error
from django.core.management import call_command, get_commands
from django.test import override_settings

from adminpanel.checks import AUTHENTICATION, BACKEND, MIDDLEWARE, check_configuration
from bookings.models import Location

APPS: list[str] = settings.INSTALLED_APPS
OTHERS = [path for path in settings.MIDDLEWARE if path != MIDDLEWARE]
LEFT_OUT = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "livemigrations",
    "django.contrib.postgres",
    "pgtrigger",
]
PROCESSORS = [
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
]
TEMPLATES: list[dict[str, Any]] = [{**settings.TEMPLATES[0], "APP_DIRS": False}]


def found(**changed: Any) -> dict[str | None, str]:
    """The hints of the errors under changed settings, by the error's ID."""
    with override_settings(**changed):
        errors = check_configuration()
    assert all(isinstance(error, Error) for error in errors)
    return {error.id: str(error.hint) for error in errors}


def test_the_project_has_no_mistake() -> None:
    assert found() == {}
    call_command("check", fail_level="WARNING")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Callable[[Iterable[str]], None]:
    """A function that makes these the installed apps in this order, without starting any of them again."""
    configs = {config.name: config for config in apps.get_app_configs()}

    def install(names: Iterable[str]) -> None:
        monkeypatch.setattr(apps, "app_configs", {configs[name].label: configs[name] for name in names})
        apps.clear_cache()
        get_commands.cache_clear()  # type: ignore[attr-defined]  # a cached function

    return install


@pytest.fixture(autouse=True)
def fresh_caches() -> Iterator[None]:
    """Forget, after each test, what Django remembers of its apps."""
    yield
    apps.clear_cache()
    get_commands.cache_clear()  # type: ignore[attr-defined]  # a cached function


@pytest.mark.parametrize("name", [*LEFT_OUT, "core", "customers", "bookings", "payments", "django.contrib.staticfiles"])
def test_a_missing_app(name: str, installed: Callable[[Iterable[str]], None]) -> None:
    installed(app for app in APPS if app != name)
    hints = found()
    assert list(hints) == ["teppan.E001"]
    assert hints["teppan.E001"].startswith(f'Add "{name}" to INSTALLED_APPS')


@pytest.mark.parametrize("name", ["unfold", "unfold.contrib.filters", "unfold.contrib.forms"])
def test_the_theme_after_the_admin(name: str, installed: Callable[[Iterable[str]], None]) -> None:
    installed([*(app for app in APPS if app != name), name])
    assert found() == {"teppan.E002": f'Move "{name}" before "django.contrib.admin" in INSTALLED_APPS.'}


@pytest.mark.parametrize(
    ("error", "hint", "changed"),
    [
        ("E005", "USE_TZ = True", {"USE_TZ": False}),
        ("E006", f'Add "{MIDDLEWARE}" to MIDDLEWARE, after "{AUTHENTICATION}"', {"MIDDLEWARE": OTHERS}),
        ("E007", f'Move "{MIDDLEWARE}" after', {"MIDDLEWARE": [MIDDLEWARE, *OTHERS]}),
        ("E008", f'["{BACKEND}"]', {"AUTHENTICATION_BACKENDS": ["django.contrib.auth.backends.ModelBackend"]}),
        ("E012", '"APP_DIRS": True', {"TEMPLATES": TEMPLATES}),
        ("E013", 'STATIC_URL = "static/"', {"STATIC_URL": None}),
        ("E014", "AppDirectoriesFinder", {"STATICFILES_FINDERS": []}),
        ("E015", 'path("admin/", admin.site.urls)', {"ROOT_URLCONF": "django.contrib.auth.urls"}),
    ],
)
def test_a_mistake_has_an_error_with_its_remedy(error: str, hint: str, changed: dict[str, Any]) -> None:
    hints = found(**changed)
    assert list(hints) == [f"teppan.{error}"]
    assert hint in hints[f"teppan.{error}"]


@pytest.mark.parametrize("name", ["request", "auth"])
def test_a_missing_context_processor(name: str) -> None:
    (path,) = [path for path in PROCESSORS if path.endswith(name)]
    kept = [other for other in PROCESSORS if other != path]
    templates: list[dict[str, Any]] = [{**settings.TEMPLATES[0], "OPTIONS": {"context_processors": kept}}]
    hints = found(TEMPLATES=templates)
    assert list(hints) == ["teppan.E018"]
    assert f'Add "{path}"' in hints["teppan.E018"]
    kept_backend = "django.contrib.auth.backends.ModelBackend"
    backends = [*settings.AUTHENTICATION_BACKENDS, kept_backend]
    assert list(found(TEMPLATES=templates, AUTHENTICATION_BACKENDS=backends)) == (
        ["teppan.E018"] if name == "request" else []  # Django reports the other as admin.E402
    )


def test_a_derived_middleware_counts() -> None:
    derived = "tests.adminpanel.sites_of_a_host.OwnMiddleware"
    assert found(MIDDLEWARE=[*OTHERS, derived]) == {}
    assert "teppan.E007" in found(MIDDLEWARE=[derived, *OTHERS])


def test_a_middleware_that_cannot_be_imported_is_djangos_to_report() -> None:
    assert found(MIDDLEWARE=["no.such.module", *settings.MIDDLEWARE]) == {}


@pytest.fixture
def plain_site() -> Iterator[AdminSite]:
    """A site without the theme, on which one of our models is registered."""
    site = AdminSite(name="plain")
    site.register(Location, type(admin.site.get_model_admin(Location)))
    yield site
    all_sites.discard(site)


def test_a_site_without_the_theme(plain_site: AdminSite) -> None:
    assert "unfold.sites.UnfoldAdminSite" in found()["teppan.E017"]
    all_sites.discard(plain_site)
    assert found() == {}


def test_silencing_is_djangos() -> None:
    with override_settings(USE_TZ=False, SILENCED_SYSTEM_CHECKS=["teppan.E005"]):
        call_command("check")

"""System checks of a project's settings: each mistake that would show later, or never, is an error here.

``manage.py check`` runs them. Each error's hint has the line to add. Django's own checks of the admin (middleware
and context processors that it needs) are not repeated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.management import get_commands, load_command_class
from django.db import connections, router
from django.template import TemplateDoesNotExist, engines
from django.template.loader import get_template
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from adminpanel.models import AdminUser
from adminpanel.selectors.accounts import SETTING, is_user_model

ADMIN = "django.contrib.admin"
THEME = ("unfold", "unfold.contrib.filters", "unfold.contrib.forms")
BACKEND = "adminpanel.backends.StaffBackend"
MIDDLEWARE = "adminpanel.middleware.PasswordChangeMiddleware"
PAGES = "core.admin.middleware.StaffPagesMiddleware"
AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
USER_MODEL = "adminpanel.AdminUser"
APPS = ("core", "customers", "bookings", "payments", "adminpanel")
_PLACES = {
    **dict.fromkeys(THEME, f', before "{ADMIN}"'),
    "core": ', before "unfold"',
    "livemigrations": ", before every app that has a migrate command",
}
_REQUIRED = (*THEME, "livemigrations", ADMIN, "django.contrib.staticfiles", "django.contrib.postgres", "pgtrigger")


def check_configuration(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Return an error for each mistake in the settings of the project. Reads no row of the database."""
    return [
        *_installed_apps(),
        *_theme_order(),
        *_migrate_command(),
        *_database(),
        *_time_zones(),
        *_pages(),
        *(_staff_as_users() if is_user_model() else _staff_beside_users()),
        *_templates(),
        *_context_processors(),
        *_static_files(),
        *_urls(),
        *_sites(),
    ]


def _error(number: int, message: str, hint: str) -> Error:
    return Error(message, hint=hint, id=f"teppan.E{number:03}")


# --- apps ------------------------------------------------------------------------------------------------------


def _installed_apps() -> Iterator[Error]:
    for name in (*_REQUIRED, *APPS):
        if not apps.is_installed(name):
            yield _error(
                1,
                f'The app "{name}" is missing from INSTALLED_APPS, and the staff admin needs it.',
                f'Add "{name}" to INSTALLED_APPS{_PLACES.get(name, "")}.',
            )


def _theme_order() -> Iterator[Error]:
    order = [config.name for config in apps.get_app_configs()]
    for name in THEME:
        if {name, ADMIN} <= set(order) and order.index(name) > order.index(ADMIN):
            yield _error(
                2,
                f'"{name}" comes after "{ADMIN}" in INSTALLED_APPS, so its templates and its admin site are not used.',
                f'Move "{name}" before "{ADMIN}" in INSTALLED_APPS.',
            )
    if {"core", "unfold"} <= set(order) and order.index("core") > order.index("unfold"):
        yield _error(
            19,
            '"core" comes after "unfold" in INSTALLED_APPS, so the templates that it replaces are not used.',
            'Move "core" before "unfold" in INSTALLED_APPS.',
        )


def _migrate_command() -> Iterator[Error]:
    if not apps.is_installed("livemigrations"):
        return
    from livemigrations.management.mixins import LiveMigrateMixin

    name = get_commands()["migrate"]
    if not isinstance(load_command_class(name, "migrate"), LiveMigrateMixin):
        yield _error(
            3,
            f'The command "migrate" comes from "{name}", which runs migrations without the live engine.',
            f'Move "livemigrations" before "{name}" in INSTALLED_APPS, or derive that command from '
            "livemigrations.management.mixins.LiveMigrateMixin.",
        )


# --- database and time -----------------------------------------------------------------------------------------


def _database() -> Iterator[Error]:
    alias = router.db_for_write(AdminUser)
    engine = connections.settings[alias]["ENGINE"]
    if connections[alias].vendor != "postgresql":
        yield _error(
            4,
            f'The database "{alias}" has the engine {engine!r}. The apps need PostgreSQL 15 or newer.',
            f'Set "ENGINE": "django.db.backends.postgresql" in DATABASES[{alias!r}].',
        )


def _time_zones() -> Iterator[Error]:
    if not settings.USE_TZ:
        yield _error(
            5,
            "USE_TZ is off, so event times would be stored without their time zone.",
            "Set USE_TZ = True.",
        )


# --- accounts --------------------------------------------------------------------------------------------------


def _staff_as_users() -> Iterator[Error]:
    """The staff accounts are the project's users."""
    if not _lists(settings.AUTHENTICATION_BACKENDS, BACKEND):
        yield _error(
            8,
            f"AUTHENTICATION_BACKENDS does not list {BACKEND}, so roles grant nothing.",
            f'Set AUTHENTICATION_BACKENDS = ["{BACKEND}"].',
        )
    place = f'Add "{MIDDLEWARE}" to MIDDLEWARE, after "{AUTHENTICATION}".'
    rule, authentication = _position(settings.MIDDLEWARE, MIDDLEWARE), _position(settings.MIDDLEWARE, AUTHENTICATION)
    if rule is None:
        yield _error(
            6,
            "PasswordChangeMiddleware is missing from MIDDLEWARE, so that nobody has to replace a password that someone else set.",
            place,
        )
    elif authentication is not None and rule < authentication:
        yield _error(
            7,
            f"{MIDDLEWARE} comes before {AUTHENTICATION} in MIDDLEWARE.",
            f'Move "{MIDDLEWARE}" after "{AUTHENTICATION}".',
        )


def _pages() -> Iterator[Error]:
    """The styled error pages, and a login that leads to a page that exists."""
    place = f'Add "{PAGES}" to MIDDLEWARE, after "{AUTHENTICATION}".'
    found, authentication = _position(settings.MIDDLEWARE, PAGES), _position(settings.MIDDLEWARE, AUTHENTICATION)
    if found is None:
        yield _error(20, f"{PAGES} is missing from MIDDLEWARE, so refusals show bare pages.", place)
    elif authentication is not None and found < authentication:
        yield _error(
            20, f"{PAGES} comes before {AUTHENTICATION} in MIDDLEWARE.", f'Move "{PAGES}" after "{AUTHENTICATION}".'
        )


def _staff_beside_users() -> Iterator[Error]:
    """The project has a user model of its own."""
    path = getattr(settings, SETTING, None)
    listed = _lists(settings.AUTHENTICATION_BACKENDS, BACKEND)
    if listed and not path:
        yield _error(
            9,
            f"{BACKEND} is listed, but AUTH_USER_MODEL is {settings.AUTH_USER_MODEL}: staff accounts cannot log in, "
            "and roles grant nothing.",
            f'Set AUTH_USER_MODEL = "{USER_MODEL}" to use our accounts. To keep your own user model, set {SETTING} '
            "to a function that returns a user's staff account, or remove the backend.",
        )
    if path and not _is_function(path):
        yield _error(
            10,
            f"{SETTING} is {path!r}, which is not the dotted path of a function.",
            f'Set {SETTING} = "your_app.module.function", a function from a user to an AdminUser or None.',
        )
    if path and not listed:
        backends = [*settings.AUTHENTICATION_BACKENDS, BACKEND]
        yield _error(
            11,
            f"{SETTING} is set, but AUTHENTICATION_BACKENDS does not list {BACKEND}, so roles grant nothing.",
            f"Set AUTHENTICATION_BACKENDS = {backends!r}.",
        )


def _is_function(path: Any) -> bool:
    try:
        return callable(import_string(path))
    except (ImportError, AttributeError, TypeError, ValueError):
        return False


def _position(paths: list[str], wanted: str) -> int | None:
    """Return the index of the class at ``wanted``, or of a class derived from it, in a list of dotted paths."""
    if wanted in paths:
        return paths.index(wanted)
    base = import_string(wanted)
    for index, path in enumerate(paths):
        try:
            candidate = import_string(path)
        except ImportError:  # Django reports it when it loads the list
            continue
        if isinstance(candidate, type) and issubclass(candidate, base):
            return index
    return None


def _lists(paths: list[str], wanted: str) -> bool:
    return _position(paths, wanted) is not None


# --- pages -----------------------------------------------------------------------------------------------------


def _templates() -> Iterator[Error]:
    from django.template.backends.django import DjangoTemplates

    found = [engine for engine in engines.all() if isinstance(engine, DjangoTemplates)]
    if not found or not (apps.is_installed("core") and apps.is_installed("unfold")):  # admin.E403, teppan.E001
        return
    for app, name in (("core", "core/pagination.html"), ("unfold", "unfold/layouts/skeleton.html")):
        try:
            get_template(name)
        except TemplateDoesNotExist:
            yield _error(
                12,
                f'TEMPLATES does not find {name}, a template of the app "{app}".',
                'Set "APP_DIRS": True in TEMPLATES.',
            )
            return


def _context_processors() -> Iterator[Error]:
    """Django reports ``auth`` for its own backend only (admin.E402), and ``request`` as a warning (admin.W411)."""
    from django.template.backends.django import DjangoTemplates

    engine = next((engine.engine for engine in engines.all() if isinstance(engine, DjangoTemplates)), None)
    if engine is None:  # admin.E403
        return
    needed = ["django.template.context_processors.request"]
    if not _lists(settings.AUTHENTICATION_BACKENDS, "django.contrib.auth.backends.ModelBackend"):
        needed.append("django.contrib.auth.context_processors.auth")
    for path in needed:
        if path not in engine.context_processors:
            yield _error(
                18,
                f"TEMPLATES lacks the context processor {path}, without which pages of the admin fail.",
                f'Add "{path}" to "context_processors" in the OPTIONS of TEMPLATES.',
            )


def _static_files() -> Iterator[Error]:
    if not settings.STATIC_URL:
        yield _error(
            13, "STATIC_URL is not set, so no page of the admin can link its styles.", 'Set STATIC_URL = "static/".'
        )
    if not {"django.contrib.staticfiles", "unfold"} <= {config.name for config in apps.get_app_configs()}:
        return
    from django.contrib.staticfiles import finders

    if finders.find("unfold/css/styles.css") is None:
        yield _error(
            14,
            "STATICFILES_FINDERS does not find the styles of the admin (unfold/css/styles.css).",
            'Add "django.contrib.staticfiles.finders.AppDirectoriesFinder" to STATICFILES_FINDERS.',
        )


def _urls() -> Iterator[Error]:
    if not getattr(settings, "ROOT_URLCONF", None):
        return
    try:
        reverse("admin:index")
    except NoReverseMatch:
        yield _error(
            15,
            f"{settings.ROOT_URLCONF} has no URL for the admin.",
            'Add path("admin/", admin.site.urls) to its urlpatterns.',
        )


def _sites() -> Iterator[Error]:
    names = [config.name for config in apps.get_app_configs()]
    if not {"unfold", ADMIN} <= set(names) or names.index("unfold") > names.index(ADMIN):
        return
    from django.contrib.admin.apps import SimpleAdminConfig
    from django.contrib.admin.sites import all_sites
    from unfold.apps import DefaultAppConfig
    from unfold.sites import UnfoldAdminSite

    chosen = str(getattr(apps.get_app_config("admin"), "default_site", ""))
    if chosen != SimpleAdminConfig.default_site and isinstance(apps.get_app_config("unfold"), DefaultAppConfig):
        yield _error(
            16,
            f'The app "unfold" replaces your default admin site {chosen} with its own.',
            'Write "unfold.apps.BasicAppConfig" instead of "unfold" in INSTALLED_APPS.',
        )
    models = [model for model in apps.get_models() if model._meta.app_label in APPS]
    for site in all_sites:
        ours = any(site.is_registered(model) for model in models)
        if ours and not isinstance(site, UnfoldAdminSite):
            yield _error(
                17,
                f'The admin site "{site.name}" ({type(site).__qualname__}) has our models but not the theme they need.',
                "Derive its class from unfold.sites.UnfoldAdminSite.",
            )

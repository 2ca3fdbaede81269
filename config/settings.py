"""The settings of the project, read from the environment and ``.env``; ``.env.example`` lists their names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy

from adminpanel import theme
from config import embedded, environment

BASE_DIR = Path(__file__).resolve().parent.parent

env = environment.Environment()
if (BASE_DIR / ".env").is_file():
    env.read_env(BASE_DIR / ".env")

DEBUG: bool = env.bool("DEBUG", default=env.bool("TEPPAN_DEBUG_DEFAULT", default=True))


def _required(name: str, in_development: str, remedy: str) -> str:
    value: str = env.str(name, default="") or (in_development if DEBUG else "")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set, and DEBUG is off: {remedy}.")
    return value


SECRET_KEY = _required("SECRET_KEY", "development-only-" + "0" * 50, "set it to 50 random characters or more")
_LOCAL = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=_LOCAL if DEBUG else [])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])

_REMEDY = "name a PostgreSQL server, since the embedded PostgreSQL is for development only"
DATABASE_URL = _required("DATABASE_URL", "embedded", _REMEDY)
EMBEDDED_POSTGRES = DATABASE_URL == "embedded"
DATABASES: dict[str, dict[str, Any]] = {
    "default": embedded.settings() if EMBEDDED_POSTGRES else environment.database(DATABASE_URL),
}
DATABASES["default"].setdefault("CONN_MAX_AGE", env.int("CONN_MAX_AGE", default=0))
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "core",  # before the theme, some of whose templates it replaces
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "livemigrations",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "pgtrigger",
    "customers",
    "bookings",
    "payments",
    "adminpanel",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "adminpanel.middleware.PasswordChangeMiddleware",
    "core.admin.middleware.StaffPagesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

AUTH_USER_MODEL = "adminpanel.AdminUser"
AUTHENTICATION_BACKENDS = ["adminpanel.backends.StaffBackend"]
LOGIN_URL = reverse_lazy("admin:login")
PASSWORD_HASHERS: list[str] = env.list(
    "PASSWORD_HASHERS",
    default=[
        "django.contrib.auth.hashers.Argon2PasswordHasher",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.ScryptPasswordHasher",
    ],
)
_VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": f"{_VALIDATION}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_VALIDATION}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
    {"NAME": f"{_VALIDATION}.NumericPasswordValidator"},
]

LANGUAGE_CODE = "en-us"
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / ".static")))
_STATIC_STORAGE = "django.contrib.staticfiles.storage.StaticFilesStorage"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": _STATIC_STORAGE if DEBUG else "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG

_MAILER = env.str("EMAIL_URL", default="consolemail://" if DEBUG else "smtp://localhost:25")
MAILERS = {"default": environment.mailer(_MAILER)}
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Teppan <teppan@localhost>")

SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=not DEBUG)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=0 if DEBUG else 3600)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = env.bool("SECURE_HSTS_PRELOAD", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("SECURE_COOKIES", default=not DEBUG)
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# The engine's own names, so that an operator can change them for one run; livemigrations/conf.py explains each.
LIVEMIGRATIONS_LOCK_BUDGET_MS = env.int("LIVEMIGRATIONS_LOCK_BUDGET_MS", default=50)
LIVEMIGRATIONS_LOCK_DEADLINE_S = env.float("LIVEMIGRATIONS_LOCK_DEADLINE_S", default=1800)
LIVEMIGRATIONS_WAIT_TIMEOUT_S = env.float("LIVEMIGRATIONS_WAIT_TIMEOUT_S", default=3600)
LIVEMIGRATIONS_BACKUP_FOLDER = Path(env.str("LIVEMIGRATIONS_BACKUP_FOLDER", default=str(BASE_DIR / ".backups")))
LIVEMIGRATIONS_PG_BIN = env.str("LIVEMIGRATIONS_PG_BIN", default="")
LIVEMIGRATIONS_DRIFT_IGNORE = ["alembic_version"]  # installations from before Sprint 1 have Alembic's ledger

UNFOLD = theme.UNFOLD

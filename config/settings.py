"""The settings of the project, read from the environment and ``.env``; ``.env.example`` lists their names."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy

from adminpanel import theme
from config import embedded, environment
from config.logs import LEVELS, configure_structlog, logging_settings
from config.security import CONTENT_SECURITY_POLICY

BASE_DIR = Path(__file__).resolve().parent.parent

env = environment.load()

DEBUG: bool = env.bool("DEBUG", default=env.bool("TEPPAN_DEBUG_DEFAULT", default=True))


def _required(name: str, in_development: str, remedy: str) -> str:
    value: str = env.str(name, default="") or (in_development if DEBUG else "")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set, and DEBUG is off. {remedy}")
    return value


_REMEDY = "Set it to 50 random characters or more, for example the output of: openssl rand -base64 48"
SECRET_KEY = _required("SECRET_KEY", "development-only-" + "0" * 50, _REMEDY)
_REMEDY = "Set it to postgres://user:password@host:5432/database; the embedded PostgreSQL is for development only."
DATABASE_URL = _required("DATABASE_URL", "embedded", _REMEDY)
EMBEDDED_POSTGRES = DATABASE_URL == "embedded"
if EMBEDDED_POSTGRES and not DEBUG:
    raise ImproperlyConfigured(f"DATABASE_URL=embedded is not allowed while DEBUG is off. {_REMEDY}")
_REMEDY = "Set it to the host names of the admin, separated by commas, such as admin.example.com."
ALLOWED_HOSTS = environment.hosts(_required("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]", _REMEDY))
CSRF_TRUSTED_ORIGINS = environment.origins(env.list("CSRF_TRUSTED_ORIGINS", default=[]))
DATABASES: dict[str, dict[str, Any]] = {
    "default": embedded.settings() if EMBEDDED_POSTGRES else environment.database(DATABASE_URL),
}
DATABASES["default"].setdefault("CONN_MAX_AGE", env.whole("CONN_MAX_AGE", default=0))
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
    "axes",
    "customers",
    "bookings",
    "payments",
    "adminpanel",
]

MIDDLEWARE = [
    "core.middleware.RequestIdMiddleware",
    "config.middleware.AccessLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "adminpanel.middleware.PasswordChangeMiddleware",
    "core.admin.middleware.StaffPagesMiddleware",
    "axes.middleware.AxesMiddleware",  # last, so that it replaces the page of the login view
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "DIRS": [BASE_DIR / "config" / "templates"],
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
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "adminpanel.backends.StaffBackend"]
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

AXES_FAILURE_LIMIT = env.whole("LOGIN_FAILURE_LIMIT", default=5, least=1)
AXES_COOLOFF_TIME = timedelta(minutes=env.whole("LOGIN_COOLOFF_MINUTES", default=15, least=1, most=10_000))
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # else whoever knows an email could extend a lock for ever
AXES_ENABLE_ACCESS_FAILURE_LOG = True
AXES_ENABLE_ADMIN = False  # adminpanel.admin.logins shows the same rows, read-only
AXES_VERBOSE = False
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "next"]
AXES_USERNAME_CALLABLE = "config.throttling.username"
AXES_CLIENT_IP_CALLABLE = "config.proxies.client_address"
AXES_CLIENT_STR_CALLABLE = "config.throttling.client_label"
AXES_LOCKOUT_CALLABLE = "config.throttling.locked_out"

SESSION_COOKIE_AGE = env.whole("SESSION_COOKIE_AGE", default=12 * 60 * 60, least=60)
SESSION_SAVE_EVERY_REQUEST = env.bool("SESSION_SAVE_EVERY_REQUEST", default=False)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"

LANGUAGE_CODE = "en-us"
TIME_ZONE = env.time_zone("TIME_ZONE", default="UTC")
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / ".static")))
_STATIC_STORAGE = "django.contrib.staticfiles.storage.StaticFilesStorage"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": _STATIC_STORAGE if DEBUG else "config.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
# Without this, whitenoise asks the storage for files that do not exist, which the storage logs as missing.
WHITENOISE_IMMUTABLE_FILE_TEST = r"\.[0-9a-f]{12}(\.[^./]+)?$"

_MAILER = env.str("EMAIL_URL", default="consolemail://" if DEBUG else "smtp://localhost:25")
MAILERS = {"default": environment.mailer(_MAILER)}
DEFAULT_FROM_EMAIL = environment.sender(env.str("DEFAULT_FROM_EMAIL", default="Teppan <teppan@localhost>"))

SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=not DEBUG)
SECURE_HSTS_SECONDS = env.whole("SECURE_HSTS_SECONDS", default=0 if DEBUG else 3600)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = env.bool("SECURE_HSTS_PRELOAD", default=False)
# Both bind all subdomains of the domain for months, so the operator turns them on, and their absence is no warning.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("SECURE_COOKIES", default=not DEBUG)
BEHIND_TLS_PROXY = env.bool("BEHIND_TLS_PROXY", default=False)
TRUSTED_PROXIES = env.whole("TRUSTED_PROXIES", default=int(BEHIND_TLS_PROXY), least=int(BEHIND_TLS_PROXY))
if BEHIND_TLS_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CSRF_FAILURE_VIEW = "config.error_pages.csrf_failure"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CSP = CONTENT_SECURITY_POLICY

LOGGING = logging_settings(debug=DEBUG, level=env.choice("LOG_LEVEL", LEVELS, default="INFO"))
configure_structlog()

# The engine's own names, so that an operator can change them for one run; livemigrations/conf.py explains each.
LIVEMIGRATIONS_LOCK_BUDGET_MS = env.whole("LIVEMIGRATIONS_LOCK_BUDGET_MS", default=50, least=1)
LIVEMIGRATIONS_LOCK_DEADLINE_S = env.real("LIVEMIGRATIONS_LOCK_DEADLINE_S", default=1800)
LIVEMIGRATIONS_WAIT_TIMEOUT_S = env.real("LIVEMIGRATIONS_WAIT_TIMEOUT_S", default=3600)
LIVEMIGRATIONS_BACKUP_FOLDER = Path(env.str("LIVEMIGRATIONS_BACKUP_FOLDER", default=str(BASE_DIR / ".backups")))
LIVEMIGRATIONS_PG_BIN = env.str("LIVEMIGRATIONS_PG_BIN", default="")
LIVEMIGRATIONS_DRIFT_IGNORE = ["alembic_version"]  # installations from before Sprint 1 have Alembic's ledger

UNFOLD = theme.UNFOLD

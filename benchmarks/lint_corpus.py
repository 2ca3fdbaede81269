"""The linter over the migrations of the third-party packages that are installed here: counts by package and rule.

    python -m benchmarks.lint_corpus                 a table
    python -m benchmarks.lint_corpus --show LM205    every finding of one rule
    python -m benchmarks.lint_corpus --json          all findings

It installs nothing and opens no database. docs/lint-corpus.md has the verdict on each finding of one such run.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

APPS: dict[str, tuple[str, ...]] = {
    "django": tuple(
        f"django.contrib.{name}"
        for name in ("admin", "auth", "contenttypes", "flatpages", "redirects", "sessions", "sites", "messages")
    ),
    "dj-stripe": ("djstripe",),
    "django-allauth": (
        "allauth", "allauth.account", "allauth.socialaccount", "allauth.mfa", "allauth.usersessions",
    ),
    "django-auditlog": ("auditlog",),
    "django-axes": ("axes",),
    "django-celery-results": ("django_celery_results",),
    "django-cms": ("cms", "menus", "sekizai", "treebeard"),
    "django-constance": ("constance",),
    "django-contrib-comments": ("django_comments",),
    "django-filer": ("filer",),
    "django-guardian": ("guardian",),
    "django-hitcount": ("hitcount",),
    "django-oauth-toolkit": ("oauth2_provider",),
    "django-otp": (
        "django_otp", "django_otp.plugins.otp_email", "django_otp.plugins.otp_hotp", "django_otp.plugins.otp_static",
        "django_otp.plugins.otp_totp",
    ),
    "django-pghistory": ("pghistory", "pgtrigger"),
    "django-post-office": ("post_office",),
    "django-q2": ("django_q",),
    "django-rest-knox": ("knox",),
    "django-reversion": ("reversion",),
    "django-silk": ("silk",),
    "django-taggit": ("taggit",),
    "django-waffle": ("waffle",),
    "djangorestframework": ("rest_framework", "rest_framework.authtoken"),
    "djangorestframework-api-key": ("rest_framework_api_key",),
    "easy-thumbnails": ("easy_thumbnails",),
    "procrastinate": ("procrastinate.contrib.django",),
    "social-auth-app-django": ("social_django",),
    "wagtail": (
        "modelcluster", "modelsearch", "wagtail", "wagtail.admin", "wagtail.contrib.forms", "wagtail.contrib.redirects",
        "wagtail.contrib.search_promotions", "wagtail.contrib.settings", "wagtail.documents", "wagtail.embeds",
        "wagtail.images", "wagtail.search", "wagtail.sites", "wagtail.snippets", "wagtail.users",
    ),
}  # fmt: skip
SETTINGS: dict[str, Any] = {
    "SECRET_KEY": "corpus",
    "USE_TZ": True,
    "SITE_ID": 1,
    "LANGUAGES": [("en", "English")],
    "LANGUAGE_CODE": "en",
    "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
    "DATABASES": {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "nobody-connects"}},
    "WAGTAILADMIN_BASE_URL": "http://localhost",
    "CMS_CONFIRM_VERSION4": True,
    "DJSTRIPE_FOREIGN_KEY_TO_FIELD": "id",
    "MIDDLEWARE": ["allauth.account.middleware.AccountMiddleware"],
    "TEMPLATES": [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    "STATIC_URL": "static/",
    "MEDIA_URL": "media/",
}


@dataclass(slots=True)
class Package:
    """A package of the corpus: how many migrations it has, and what was found in them."""

    name: str
    version: str
    migrations: int = 0
    findings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        return dict(sorted(Counter(finding["rule"] for finding in self.findings).items()))


def installed(only: Sequence[str] = ()) -> dict[str, tuple[str, ...]]:
    """The packages of the corpus that can be imported here, with their apps."""
    found = {}
    for name, apps in APPS.items():
        top = {app.partition(".")[0] for app in apps}
        if (not only or name in only) and all(importlib.util.find_spec(package) for package in top):
            found[name] = apps
    return found


def corpus(engine: str, only: Sequence[str] = ()) -> list[Package]:
    """Lint every installed package. Django's settings must not have been read before."""
    import django
    from django.conf import settings

    packages = installed(only)
    needed = dict.fromkeys([*APPS["django"], *(app for apps in packages.values() for app in apps)])
    settings.configure(**SETTINGS, INSTALLED_APPS=["livemigrations", *needed])
    django.setup()
    return _linted(packages, engine)


def _linted(packages: dict[str, tuple[str, ...]], engine: str) -> list[Package]:
    from django.apps import apps as registry
    from django.db import connection

    from livemigrations.review.lint import Engine, Request, choice, lint

    owners = {app: name for name, apps in packages.items() for app in apps}
    labels = {config.label: owners[config.name] for config in registry.get_app_configs() if config.name in owners}
    found = {name: Package(name, _version(name)) for name in packages}
    report = lint(connection, Request(third_party=True), choice(Engine(engine)))
    for migration in report.migrations:
        if owner := labels.get(migration.partition(".")[0]):
            found[owner].migrations += 1
    for finding in report.findings:
        if owner := labels.get(finding.migration.partition(".")[0]):
            found[owner].findings.append(finding.to_json())
    return list(found.values())


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "?"


def table(packages: list[Package]) -> Iterator[str]:
    """Yield Markdown: a row for each package, a column for each rule that found something."""
    rules = sorted({rule for package in packages for rule in package.counts})
    yield f"| package | migrations | {' | '.join(rules)} | all |"
    yield f"| --- |{' --- |' * (len(rules) + 2)}"
    for package in packages:
        cells = [str(package.counts.get(rule, "")) for rule in rules]
        head = f"{package.name} {package.version}"
        yield f"| {head} | {package.migrations} | {' | '.join(cells)} | {len(package.findings)} |"
    totals = [str(sum(package.counts.get(rule, 0) for package in packages)) for rule in rules]
    migrations, all_ = sum(p.migrations for p in packages), sum(len(p.findings) for p in packages)
    yield f"| all | {migrations} | {' | '.join(totals)} | {all_} |"


def shown(packages: list[Package], rule: str) -> Iterator[str]:
    """Yield a line for each finding of a rule."""
    for package in packages:
        for finding in package.findings:
            if finding["rule"] == rule:
                yield f"{package.name}: {finding['migration']}:{finding['line']}: {finding['message']}"


def main(arguments: Sequence[str]) -> int:
    """Lint the corpus and print what was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.lint_corpus", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("packages", nargs="*", help="only these, by the names of their distributions")
    parser.add_argument("--engine", choices=["live", "django"], default="live", help="who would run the migrations")
    parser.add_argument("--show", metavar="LM…", default="", help="every finding of one rule")
    parser.add_argument("--json", action="store_true", help="all findings as JSON")
    options = parser.parse_args(arguments)
    packages = corpus(options.engine, options.packages)
    if options.json:
        print(
            json.dumps([{"package": p.name, "version": p.version, "findings": p.findings} for p in packages], indent=2)
        )
    else:
        for line in shown(packages, options.show) if options.show else table(packages):
            print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

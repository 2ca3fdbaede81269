"""The packages that are tried: what is installed, which apps their projects have, and their settings."""

from __future__ import annotations

from dataclasses import dataclass

CONTRIB = (
    "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
    "django.contrib.messages", "django.contrib.sites", "django.contrib.staticfiles",
)  # fmt: skip
SETTINGS = """
SITE_ID = 1
ROOT_URLCONF = "urls"
STATIC_URL = "/static/"
USE_I18N = True
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware", "django.contrib.messages.middleware.MessageMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {
    "context_processors": ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages"]}}]
"""


@dataclass(frozen=True)
class Package:
    """One package: ``install`` are the words for pip, ``apps`` those beside Django's own."""

    name: str
    install: tuple[str, ...]
    apps: tuple[str, ...]
    settings: str = ""


PACKAGES = [
    Package("django-taggit", ("django-taggit",), ("taggit",)),
    Package("django-celery-beat", ("django-celery-beat",), ("django_celery_beat",)),
    Package("django-celery-results", ("django-celery-results",), ("django_celery_results",)),
    Package("django-guardian", ("django-guardian",), ("guardian",)),
    Package("django-reversion", ("django-reversion",), ("reversion",)),
    Package("django-allauth", ("django-allauth[mfa,socialaccount]",), ("allauth", "allauth.account", "allauth.socialaccount", "allauth.mfa", "allauth.usersessions"),
        'MIDDLEWARE += ["allauth.account.middleware.AccountMiddleware"]\n'),
    Package("procrastinate", ("procrastinate[django]",), ("procrastinate.contrib.django",)),
    Package("django-pghistory", ("django-pghistory",), ("pgtrigger", "pghistory")),
    Package("dj-stripe", ("dj-stripe",), ("djstripe",), 'DJSTRIPE_FOREIGN_KEY_TO_FIELD = "id"\nSTRIPE_TEST_SECRET_KEY = "sk_test_1"\nSTRIPE_LIVE_MODE = False\nDJSTRIPE_WEBHOOK_SECRET = "whsec_1"\n'),
    Package("django-hordak", ("django-hordak",), ("mptt", "hordak"), 'DEFAULT_CURRENCY = "EUR"\nCURRENCIES = ["EUR"]\n'),
    Package("wagtail", ("wagtail",), (
        "wagtail.contrib.forms", "wagtail.contrib.redirects", "wagtail.contrib.search_promotions", "wagtail.embeds",
        "wagtail.sites", "wagtail.users", "wagtail.snippets", "wagtail.documents", "wagtail.images", "wagtail.search",
        "wagtail.admin", "wagtail", "modelcluster", "taggit"), 'WAGTAIL_SITE_NAME = "x"\nWAGTAILADMIN_BASE_URL = "http://x"\n'),
    Package("django-oscar", ("django-oscar",), (
        "django.contrib.flatpages", "oscar.config.Shop", "oscar.apps.analytics.apps.AnalyticsConfig",
        "oscar.apps.checkout.apps.CheckoutConfig", "oscar.apps.address.apps.AddressConfig",
        "oscar.apps.shipping.apps.ShippingConfig", "oscar.apps.catalogue.apps.CatalogueConfig",
        "oscar.apps.catalogue.reviews.apps.CatalogueReviewsConfig", "oscar.apps.communication.apps.CommunicationConfig",
        "oscar.apps.partner.apps.PartnerConfig", "oscar.apps.basket.apps.BasketConfig",
        "oscar.apps.payment.apps.PaymentConfig", "oscar.apps.offer.apps.OfferConfig", "oscar.apps.order.apps.OrderConfig",
        "oscar.apps.customer.apps.CustomerConfig", "oscar.apps.search.apps.SearchConfig",
        "oscar.apps.voucher.apps.VoucherConfig", "oscar.apps.wishlists.apps.WishlistsConfig",
        "oscar.apps.dashboard.apps.DashboardConfig", "oscar.apps.dashboard.reports.apps.ReportsDashboardConfig",
        "oscar.apps.dashboard.users.apps.UsersDashboardConfig", "oscar.apps.dashboard.orders.apps.OrdersDashboardConfig",
        "oscar.apps.dashboard.catalogue.apps.CatalogueDashboardConfig",
        "oscar.apps.dashboard.offers.apps.OffersDashboardConfig",
        "oscar.apps.dashboard.partners.apps.PartnersDashboardConfig",
        "oscar.apps.dashboard.pages.apps.PagesDashboardConfig", "oscar.apps.dashboard.ranges.apps.RangesDashboardConfig",
        "oscar.apps.dashboard.reviews.apps.ReviewsDashboardConfig",
        "oscar.apps.dashboard.vouchers.apps.VouchersDashboardConfig",
        "oscar.apps.dashboard.communications.apps.CommunicationsDashboardConfig",
        "oscar.apps.dashboard.shipping.apps.ShippingDashboardConfig", "widget_tweaks", "haystack", "treebeard", "django_tables2"),
        'from oscar.defaults import *\nHAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}\n'),
    Package("django-ledger", ("django-ledger",), ("django_ledger",)),
    Package("django-cms", ("django-cms",), ("cms", "menus", "treebeard"), 'LANGUAGES = [("en", "English")]\nLANGUAGE_CODE = "en"\nCMS_CONFIRM_VERSION4 = True\n'),
    Package("django-two-factor-auth", ("django-two-factor-auth[webauthn]", "phonenumbers"), ("django_otp", "django_otp.plugins.otp_static", "django_otp.plugins.otp_totp", "django_otp.plugins.otp_email", "two_factor", "two_factor.plugins.phonenumber", "two_factor.plugins.webauthn"), 'TWO_FACTOR_WEBAUTHN_RP_NAME = "x"\n'),
    Package("django-oauth-toolkit", ("django-oauth-toolkit",), ("oauth2_provider",)),
    Package("django-waffle", ("django-waffle",), ("waffle",)),
    Package("django-q2", ("django-q2",), ("django_q",), 'Q_CLUSTER = {"name": "x", "orm": "default"}\n'),
    Package("djangorestframework", ("djangorestframework",), ("rest_framework", "rest_framework.authtoken")),
    Package("easy-thumbnails", ("easy-thumbnails",), ("easy_thumbnails",)),
    Package("django-filer", ("django-filer",), ("easy_thumbnails", "filer", "mptt")),
    Package("django-axes", ("django-axes",), ("axes",)),
    Package("django-auditlog", ("django-auditlog",), ("auditlog",)),
    Package("django-health-check", ("django-health-check",), ("health_check", "health_check.db")),
]  # fmt: skip

"""The settings of the theme: names, styles, the menu by task, and the command palette.

``UNFOLD`` is what a project's settings need; a product that embeds the staff site imports it too.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse

_GROUPS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Bookings",
        (
            ("bookings.Booking", "event"),
            ("bookings.RecurringBooking", "event_repeat"),
            ("bookings.BookingReminder", "notifications"),
            ("bookings.Location", "storefront"),
        ),
    ),
    (
        "Customers",
        (
            ("customers.Customer", "person"),
            ("customers.Lead", "contact_mail"),
            ("payments.CustomerOverview", "insights"),
        ),
    ),
    (
        "Money",
        (
            ("payments.Payment", "payments"),
            ("payments.Deposit", "savings"),
            ("payments.PaymentMethod", "credit_card"),
            ("payments.StripeEvent", "webhook"),
        ),
    ),
    ("Loyalty", (("payments.LoyaltyPoints", "stars"), ("payments.LoyaltyTransaction", "receipt_long"))),
    (
        "Messages",
        (
            ("customers.SocialThread", "forum"),
            ("customers.SocialMessage", "chat"),
            ("customers.SocialAccount", "alternate_email"),
            ("customers.NewsletterSubscriber", "newspaper"),
        ),
    ),
    (
        "Staff and settings",
        (("adminpanel.AdminUser", "badge"), ("adminpanel.Role", "key"), ("adminpanel.AdminConfig", "tune")),
    ),
)
_OTHER_ICON = "list_alt"


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the menu: the pages that the user may open, grouped by task."""
    home = {"title": "Home", "icon": "home", "link": reverse(f"{_site(request).name}:index")}
    return [{"items": [home]}, *({"title": title, "items": _items(models)} for title, models in _grouped(request))]


def _items(models: list[tuple[dict[str, Any], str]]) -> list[dict[str, Any]]:
    return [{"title": model["name"], "icon": icon, "link": model["admin_url"]} for model, icon in models]


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Return the context of the index with its pages grouped as in the menu."""
    context["title"] = "Home"
    index = reverse(f"{_site(request).name}:index")
    context["app_list"] = [
        {
            "name": title,
            "app_label": title.lower().replace(" ", "-"),
            "app_url": index,
            "models": [model for model, _ in models],
        }
        for title, models in _grouped(request)
    ]
    return context


def _grouped(request: HttpRequest) -> list[tuple[str, list[tuple[dict[str, Any], str]]]]:
    """Return each group's title and models; models that no group names follow under the name of their app."""
    apps = _site(request).get_app_list(request)
    known = {model["model"]._meta.label: model for app in apps for model in app["models"] if model["admin_url"]}
    found = []
    for title, members in _GROUPS:
        if models := [(known.pop(label), icon) for label, icon in members if label in known]:
            found.append((title, models))
    others = [
        (str(app["name"]), [(model, _OTHER_ICON) for model in app["models"] if model["model"]._meta.label in known])
        for app in apps
    ]
    return [*found, *((title, models) for title, models in others if models)]


def _site(request: HttpRequest) -> Any:
    # Imported late: settings import this module before the apps are loaded.
    from core.admin.access import site_of

    return site_of(request)


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Teppan",
    "SITE_HEADER": "Teppan",
    "SITE_SUBHEADER": "Hibachi at your home",
    "SITE_SYMBOL": "outdoor_grill",
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("core/favicon.svg")},
    ],
    "STYLES": [lambda request: static("core/css/staff.css")],
    "SCRIPTS": [lambda request: static("core/js/staff.js")],
    "SITE_VIEWS": [("autocomplete/", "autocomplete", "core.admin.autocomplete.LabelledAutocompleteView")],
    "SIDEBAR": {"show_search": True, "navigation": navigation},
    "COMMAND": {"search_callback": "core.admin.search.palette"},
    "DASHBOARD_CALLBACK": "adminpanel.theme.dashboard",
    "LOGIN": {"form": "adminpanel.login.LoginForm"},
}

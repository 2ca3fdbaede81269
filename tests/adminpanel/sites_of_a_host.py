"""What a host may bring: an admin site of its own, beside Django's, and a middleware derived from ours."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path
from unfold.sites import UnfoldAdminSite

from adminpanel.middleware import PasswordChangeMiddleware
from adminpanel.sites import register


class BackOffice(UnfoldAdminSite):
    """A second site."""


class OwnMiddleware(PasswordChangeMiddleware):
    """The rule, with something of the host's."""


back_office = BackOffice(name="backoffice")
register(back_office)
urlpatterns = [path("admin/", admin.site.urls), path("office/", back_office.urls)]

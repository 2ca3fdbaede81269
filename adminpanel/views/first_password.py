"""The page on which an owner replaces the password that somebody else set."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from unfold.forms import AdminOwnPasswordChangeForm

from adminpanel.models import AdminUser
from adminpanel.services.accounts import record_own_password
from core import clock


class FirstPasswordForm(AdminOwnPasswordChangeForm):
    """The usual form, which here also wants a password that is really another one."""

    def clean(self) -> dict[str, Any] | None:
        """Refuse the old password as the new one."""
        cleaned: dict[str, Any] | None = super().clean()
        new = self.cleaned_data.get("new_password1")
        if new and new == self.cleaned_data.get("old_password"):
            self.add_error(
                "new_password1",
                ValidationError("Choose a password that differs from the one you were given."),
            )
        return cleaned


class FirstPasswordView(PasswordChangeView):
    """Changes the password and records that the owner chose it. ``admin_site`` is the site it is a page of."""

    form_class = FirstPasswordForm
    template_name = "adminpanel/first_password.html"
    admin_site: AdminSite | None = None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the context of the admin site's own pages, with a title that explains the page."""
        site = {} if self.admin_site is None else self.admin_site.each_context(self.request)
        context = {**site, **super().get_context_data(**kwargs)}
        return {**context, "title": "Choose your own password"}

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        """Save the password, keep the session and open the other pages."""
        response = super().form_valid(form)
        user = self.request.user
        if isinstance(user, AdminUser):
            record_own_password(user=user, at=clock.now())
        messages.success(self.request, "The password is yours now.")
        return response

"""The staff site of ``adminpanel``: forms below, then one module per subject.

Permissions come from roles, so Django's groups have no page where staff accounts are the project's users.
"""

from django.contrib import admin
from django.contrib.auth.models import Group

from adminpanel.admin import logins  # noqa: F401  # importing the module registers its pages
from adminpanel.admin.config import AdminConfigAdmin
from adminpanel.admin.roles import RoleAdmin
from adminpanel.admin.users import AdminUserAdmin
from adminpanel.selectors.accounts import is_user_model

if is_user_model() and admin.site.is_registered(Group):
    admin.site.unregister(Group)

__all__ = ["AdminConfigAdmin", "AdminUserAdmin", "RoleAdmin"]

"""The tables of ``adminpanel``. Each module imports only those before it: roles, users, config."""

from adminpanel.models.config import AdminConfig
from adminpanel.models.roles import SUPERUSER_ROLE, Role
from adminpanel.models.users import AdminUser, AdminUserManager, AdminUserRole

__all__ = ["SUPERUSER_ROLE", "AdminConfig", "AdminUser", "AdminUserManager", "AdminUserRole", "Role"]

"""Staff accounts and the roles that they hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import auth
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.functions import RandomUUID
from django.core.exceptions import PermissionDenied
from django.db import models

from adminpanel.models.roles import Role
from core.db.functions import TransactionNow


class AdminUserManager(BaseUserManager["AdminUser"]):
    """Makes accounts, and finds them whatever the case of the email."""

    def create_user(self, email: str, full_name: str, password: str | None = None, **fields: Any) -> AdminUser:
        """Save a new account; without a password nobody can log in to it."""
        user = self.model(email=email.strip().lower(), full_name=full_name, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, full_name: str, password: str | None = None) -> AdminUser:
        """Save an account that may do everything."""
        return self.create_user(email, full_name, password, is_superuser=True)

    def get_by_natural_key(self, email: str | None) -> AdminUser:
        """The account of ``email``: as written, or else the only one that differs in case alone.

        Raises ``AdminUser.DoesNotExist`` or, for several that differ in case, ``MultipleObjectsReturned``.
        """
        return self.filter(email=email).first() or self.get(email__iexact=email)


class AdminUser(AbstractBaseUser):
    """Somebody on the staff. ``last_login`` stays NULL until the owner has chosen a password."""

    id = models.UUIDField(primary_key=True, db_default=RandomUUID(), editable=False)
    email = models.EmailField(max_length=255)
    password = models.CharField(max_length=255, db_column="password_hash")
    full_name = models.CharField(max_length=255)
    is_active = models.BooleanField(  # type: ignore[assignment]  # a plain attribute in the base class
        "active",
        null=True,
        blank=True,
        default=True,
        db_default=True,
        help_text="Only active staff can log in.",
    )
    is_superuser = models.BooleanField(
        "superuser", null=True, blank=True, default=False, db_default=False, help_text="May do everything."
    )
    last_login = models.DateTimeField(null=True, blank=True, editable=False, db_column="last_login_at")
    created_at = models.DateTimeField(null=True, blank=True, editable=False, db_default=TransactionNow())
    updated_at = models.DateTimeField(null=True, blank=True, editable=False, auto_now=True, db_default=TransactionNow())
    roles = models.ManyToManyField(Role, through="AdminUserRole", related_name="holders", blank=True)

    objects = AdminUserManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["full_name"]

    class Meta:
        db_table = "admin_users"
        verbose_name = "staff account"
        indexes = (
            models.Index(fields=["email"], name="idx_admin_users_email"),
            models.Index(fields=["is_active"], name="idx_admin_users_active"),
        )
        constraints = (models.UniqueConstraint(fields=["email"], name="admin_users_email_key"),)

    def __str__(self) -> str:
        return self.full_name or self.email

    @property
    def is_staff(self) -> bool:
        """Every active account is one of the staff."""
        return bool(self.is_active)

    @property
    def must_change_password(self) -> bool:
        """Whether the password was set by somebody else and the owner has not replaced it yet."""
        return self.last_login is None

    def get_full_name(self) -> str:
        """The name to greet by."""
        return self.full_name

    def get_short_name(self) -> str:
        """The first word of the name."""
        return self.full_name.partition(" ")[0]

    def has_perm(self, perm: str, obj: models.Model | None = None) -> bool:
        """Whether any authentication backend grants ``app.verb_model``."""
        for backend in _permission_backends():
            try:
                if backend.has_perm(self, perm, obj):
                    return True
            except PermissionDenied:
                return False
        return False

    def has_perms(self, perm_list: Iterable[str], obj: models.Model | None = None) -> bool:
        """Whether all of the permissions are granted."""
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        """Whether anything in the app is granted."""
        return any(
            backend.has_module_perms(self, app_label)
            for backend in _permission_backends()
            if hasattr(backend, "has_module_perms")
        )


def _permission_backends() -> list[Any]:
    """Return the backends to ask for permissions.

    ``ModelBackend`` reads groups, which these accounts do not have; the throttle of logins grants nothing.
    """
    from django.contrib.auth.backends import ModelBackend  # it asks for the user model, which this module defines

    return [
        backend
        for backend in auth.get_backends()
        if hasattr(backend, "has_perm") and not isinstance(backend, ModelBackend)
    ]


class AdminUserRole(models.Model):
    """That an account holds a role, and since when."""

    pk = models.CompositePrimaryKey("admin_user", "role")
    admin_user = models.ForeignKey(AdminUser, models.DB_CASCADE, db_index=False, related_name="role_assignments")
    role = models.ForeignKey(Role, models.DB_CASCADE, db_index=False, related_name="assignments")
    assigned_at = models.DateTimeField(null=True, blank=True, editable=False, db_default=TransactionNow())

    class Meta:
        db_table = "admin_user_roles"

    def __str__(self) -> str:
        return f"{self.admin_user_id} holds {self.role_id}"

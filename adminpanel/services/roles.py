"""Which roles an account holds."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from adminpanel.models import AdminUser, AdminUserRole, Role


@transaction.atomic
def set_roles(*, user: AdminUser, roles: Iterable[Role]) -> None:
    """Make ``roles`` the roles of ``user``; those that stay keep the time of their assignment."""
    wanted = {role.pk for role in roles}
    held = set(user.role_assignments.values_list("role_id", flat=True))
    user.role_assignments.filter(role_id__in=held - wanted).delete()
    AdminUserRole.objects.bulk_create(
        [AdminUserRole(admin_user=user, role_id=role_id) for role_id in sorted(wanted - held)],
        ignore_conflicts=True,
    )

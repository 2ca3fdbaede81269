"""Changing the status of a lead, a newsletter subscriber or a social media thread."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from core.actors import Actor
from customers.errors import StatusRefused
from customers.models import Lead, NewsletterSubscriber, SocialThread

type HasStatus = Lead | NewsletterSubscriber | SocialThread


def allowed_statuses(row: HasStatus) -> list[str]:
    """Return the statuses that staff may give the row.

    Staff may unsubscribe an address. Only its owner subscribes it, by the link in the confirmation message.
    """
    if isinstance(row, NewsletterSubscriber):
        last = NewsletterSubscriber.Status.UNSUBSCRIBED
        return [] if row.status == last else [last.value]
    return [status for status in type(row).Status.values if status != row.status]


@transaction.atomic
def change_status(*, model: type[HasStatus], key: UUID, to: str, actor: Actor, at: datetime) -> HasStatus:
    """Change the status of a row, which is locked first. Raises ``PermissionRefused`` or ``StatusRefused``."""
    actor.require(f"customers.change_{model._meta.model_name}")
    rows: QuerySet[HasStatus] = QuerySet(model)
    row = rows.select_for_update(of=("self",), no_key=True).filter(pk=key).first()
    name = model._meta.verbose_name
    if row is None:
        raise StatusRefused(f"The {name} does not exist. Somebody may have deleted it.")
    if to not in allowed_statuses(row):
        raise StatusRefused(f"The {name} cannot become {to}, because it is {row.get_status_display().lower()}.")
    row.status = to
    row.save(update_fields=["status"])
    return row

"""The buttons that change the status of a booking: confirm, complete, no-show, cancel, reinstate."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action
from unfold.enums import ActionVariant

from bookings.errors import BookingError
from bookings.models import Booking
from bookings.services.status import change_status
from core.actors import actor_for
from core.admin import dialogs
from core.admin.base import StaffAdmin
from core.admin.dialogs import ReasonForm, RequiredReasonForm
from core.clock import now
from core.errors import TransitionRefused
from core.search import as_uuid

_TARGETS = {
    "confirm_booking": Booking.Status.CONFIRMED,
    "complete_booking": Booking.Status.COMPLETED,
    "mark_no_show": Booking.Status.NO_SHOW,
    "cancel_booking": Booking.Status.CANCELLED,
    "reinstate_booking": Booking.Status.PENDING,
}


def _button(
    name: str,
    label: str,
    *,
    title: str,
    consequence: str,
    submit: str,
    variant: ActionVariant = ActionVariant.DEFAULT,
    form_class: type[ReasonForm] = ReasonForm,
) -> Any:
    """Return the action ``name``: a button whose dialog says what the change means and asks for a reason."""

    def change(page: StaffAdmin, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Change the status of the booking."""
        run = partial(_change, to=_TARGETS[name], request=request)
        refusals = (BookingError, TransitionRefused)
        return dialogs.change_status(page, request, form, object_id, run, refusals=refusals)

    change.__name__ = name
    return action(
        change,
        description=label,
        url_path=name.removeprefix("mark_").removesuffix("_booking").replace("_", "-"),
        permissions=["change"],
        variant=variant,
        dialog={"title": title, "description": consequence, "form_class": form_class, "form_submit_text": submit},
    )


def _change(key: Any, *, to: Booking.Status, request: HttpRequest) -> Booking:
    return change_status(booking_id=key, to=to, actor=actor_for(request.user), at=now())


class StatusActions(StaffAdmin):
    """Offers on the page of a booking the changes that its status allows; each asks first and calls the service."""

    actions_detail = tuple(_TARGETS)  # type: ignore[assignment]  # unfold declares it too narrowly

    confirm_booking = _button(
        "confirm_booking",
        "Confirm",
        title="Confirm this booking?",
        consequence="The customer can rely on the date from then on.",
        submit="Confirm booking",
        variant=ActionVariant.SUCCESS,
    )
    complete_booking = _button(
        "complete_booking",
        "Complete",
        title="Mark this booking as completed?",
        consequence="The event took place.",
        submit="Mark as completed",
        variant=ActionVariant.SUCCESS,
    )
    mark_no_show = _button(
        "mark_no_show",
        "No-show",
        title="Mark this booking as a no-show?",
        consequence="The crew was there and the customer was not.",
        submit="Mark as no-show",
        variant=ActionVariant.WARNING,
    )
    cancel_booking = _button(
        "cancel_booking",
        "Cancel booking",
        title="Cancel this booking?",
        consequence="Its guests no longer count towards the capacity of the day. Deposits are not refunded by this.",
        submit="Cancel booking",
        variant=ActionVariant.DANGER,
        form_class=RequiredReasonForm,
    )
    reinstate_booking = _button(
        "reinstate_booking",
        "Reinstate",
        title="Reinstate this booking?",
        consequence="The booking becomes pending again, if its location still has room for the guests on that day.",
        submit="Reinstate booking",
    )

    def get_actions_detail(self, request: HttpRequest, object_id: int | str) -> list[UnfoldAction]:
        """Return the buttons that the current status of the booking allows."""
        offered: list[UnfoldAction] = super().get_actions_detail(request, object_id)
        key = as_uuid(str(object_id))
        status = Booking.objects.filter(pk=key).values_list("status", flat=True).first() if key else None
        allowed = Booking.Status.allowed_transitions(status or "")
        return [one for one in offered if _TARGETS[one.action_name.removeprefix("bookings_booking_")] in allowed]

"""The buttons that change the status of a booking: confirm, complete, no-show, cancel, reinstate."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action
from unfold.enums import ActionVariant

from bookings.errors import BookingError
from bookings.models import Booking
from bookings.services.status import change_status
from core.actors import actor_for
from core.admin.base import StaffAdmin
from core.admin.dialogs import ReasonForm, RequiredReasonForm, close_dialog, row_key
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


class StatusActions(StaffAdmin):
    """Offers on the page of a booking the changes that its status allows; each asks first and calls the service."""

    actions_detail = tuple(_TARGETS)  # type: ignore[assignment]  # unfold declares it too narrowly

    def get_actions_detail(self, request: HttpRequest, object_id: int | str) -> list[UnfoldAction]:
        """Return the buttons that the current status of the booking allows."""
        offered: list[UnfoldAction] = super().get_actions_detail(request, object_id)
        key = as_uuid(str(object_id))
        status = Booking.objects.filter(pk=key).values_list("status", flat=True).first() if key else None
        allowed = Booking.Status.allowed_transitions(status or "")
        return [one for one in offered if self._target(one) in allowed]

    @action(
        description="Confirm",
        url_path="confirm",
        permissions=["change"],
        variant=ActionVariant.SUCCESS,
        dialog={
            "title": "Confirm this booking?",
            "description": "The customer can rely on the date from then on.",
            "form_class": ReasonForm,
            "form_submit_text": "Confirm booking",
        },
    )
    def confirm_booking(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Confirm a pending booking."""
        return self._change(request, form, object_id, Booking.Status.CONFIRMED)

    @action(
        description="Complete",
        url_path="complete",
        permissions=["change"],
        variant=ActionVariant.SUCCESS,
        dialog={
            "title": "Mark this booking as completed?",
            "description": "The event took place.",
            "form_class": ReasonForm,
            "form_submit_text": "Mark as completed",
        },
    )
    def complete_booking(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Mark a confirmed booking as completed, or correct a no-show."""
        return self._change(request, form, object_id, Booking.Status.COMPLETED)

    @action(
        description="No-show",
        url_path="no-show",
        permissions=["change"],
        variant=ActionVariant.WARNING,
        dialog={
            "title": "Mark this booking as a no-show?",
            "description": "The crew was there and the customer was not.",
            "form_class": ReasonForm,
            "form_submit_text": "Mark as no-show",
        },
    )
    def mark_no_show(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Mark a confirmed booking as a no-show, or correct a completed one."""
        return self._change(request, form, object_id, Booking.Status.NO_SHOW)

    @action(
        description="Cancel booking",
        url_path="cancel",
        permissions=["change"],
        variant=ActionVariant.DANGER,
        dialog={
            "title": "Cancel this booking?",
            "description": "Its guests no longer count towards the capacity of the day. Deposits are not refunded by this.",
            "form_class": RequiredReasonForm,
            "form_submit_text": "Cancel booking",
        },
    )
    def cancel_booking(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Cancel a pending or confirmed booking."""
        return self._change(request, form, object_id, Booking.Status.CANCELLED)

    @action(
        description="Reinstate",
        url_path="reinstate",
        permissions=["change"],
        dialog={
            "title": "Reinstate this booking?",
            "description": "The booking becomes pending again, if its location still has room for the guests on that day.",
            "form_class": ReasonForm,
            "form_submit_text": "Reinstate booking",
        },
    )
    def reinstate_booking(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Make a cancelled booking pending again."""
        return self._change(request, form, object_id, Booking.Status.PENDING)

    def _target(self, offered: UnfoldAction) -> str:
        """The status that a button leads to."""
        return _TARGETS[offered.action_name.removeprefix("bookings_booking_")]

    def _change(self, request: HttpRequest, form: ReasonForm, object_id: str, to: Booking.Status) -> HttpResponse:
        page: str = reverse(f"{self.admin_site.name}:bookings_booking_change", args=[object_id])
        try:
            booking = change_status(booking_id=row_key(object_id), to=to, actor=actor_for(request.user), at=now())
        except (BookingError, TransitionRefused) as error:
            messages.error(request, str(error))
            return close_dialog(request, page)
        reason = form.cleaned_data["reason"]
        self.log_change(request, booking, f"Status: {to.label.lower()}. {reason}".strip())
        messages.success(request, f"The booking is {to.label.lower()} now.")
        return close_dialog(request, page)

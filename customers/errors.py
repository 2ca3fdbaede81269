"""Errors of the customers app. Each message says what was refused, why, and what can be done instead."""

from __future__ import annotations


class CustomerError(Exception):
    """The base of this app's errors."""


class StatusRefused(CustomerError):
    """The row does not exist, or its status does not allow the change."""

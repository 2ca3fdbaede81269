"""Migrations of ``core``."""

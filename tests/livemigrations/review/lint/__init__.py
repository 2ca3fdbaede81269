"""Tests of ``migrations lint``."""

"""Tests of ``adminpanel``."""

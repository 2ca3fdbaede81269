"""Tests of ``customers``."""

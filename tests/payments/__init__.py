"""Tests of ``payments``."""

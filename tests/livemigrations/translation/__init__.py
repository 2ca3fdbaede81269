"""Tests of the translation of operations."""

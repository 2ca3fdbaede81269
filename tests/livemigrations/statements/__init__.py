"""Tests of the statements' reading."""

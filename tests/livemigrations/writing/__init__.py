"""Tests of the writing of migrations."""

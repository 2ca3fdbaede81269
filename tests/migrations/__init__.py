"""Tests of what the migrations make of a database."""

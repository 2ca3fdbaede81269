"""Migrations that are safe as they are written: split by kind of work, staged, with a docstring to complete."""

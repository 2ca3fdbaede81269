"""Plain Django's way from the legacy database to Sprint 2."""

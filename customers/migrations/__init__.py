"""The schema of ``customers``, one linear history."""

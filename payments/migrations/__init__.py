"""The schema of ``payments``, one linear history."""

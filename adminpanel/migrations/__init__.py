"""The schema of ``adminpanel``, one linear history."""

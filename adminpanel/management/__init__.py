"""Commands of ``adminpanel``."""

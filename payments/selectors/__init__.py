"""Questions to the tables of ``payments`` that change nothing."""

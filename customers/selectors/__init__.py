"""Questions to the tables of ``customers`` that change nothing."""

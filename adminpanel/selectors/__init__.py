"""Questions to the tables of ``adminpanel`` that change nothing."""

"""Sprints 1 and 2 as plain Django migrations, one for each section of the plan."""

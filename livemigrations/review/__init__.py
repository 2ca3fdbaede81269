"""Before a migration runs: the plan, the trace of its locks, the lint."""

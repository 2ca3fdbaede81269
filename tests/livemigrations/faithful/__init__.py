"""The engine beside plain Django: the same migration on two copies of a database, and what other sessions saw."""

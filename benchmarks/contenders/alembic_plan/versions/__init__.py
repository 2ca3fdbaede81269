"""The revisions, from the one that the legacy database has recorded."""

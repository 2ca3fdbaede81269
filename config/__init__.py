"""Settings, addresses and servers of the project; nothing imports this package but the entry points."""

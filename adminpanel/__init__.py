"""Staff: accounts, roles and settings, and the site they work in. Stands on every other domain app."""

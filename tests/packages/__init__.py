"""Third-party packages migrated by plain Django and by the engine, and their catalogs compared: ``make packages``."""

"""A database backend that sends what Django's schema editor says through the engine's translation."""

"""Pages of the staff site beside those that Django's admin brings."""

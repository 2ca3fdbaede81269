"""Database functions that models and migrations use."""

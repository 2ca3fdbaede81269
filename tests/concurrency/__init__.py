"""Crashes, races, locks and live traffic."""

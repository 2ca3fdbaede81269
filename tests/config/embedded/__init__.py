"""Tests of the embedded server: kills, races, rights, versions."""

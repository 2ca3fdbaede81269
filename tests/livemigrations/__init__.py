"""Tests of the engine, mirroring its package."""

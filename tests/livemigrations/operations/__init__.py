"""Tests of the operations: the whole life of each."""

"""Tests of the client programs and of scratch databases."""

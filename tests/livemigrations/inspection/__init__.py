"""Tests of looking into a database: adopting it, drift, soundness."""

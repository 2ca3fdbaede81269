"""Tests of the reviews: plan, trace and lint."""

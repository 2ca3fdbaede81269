"""Tests of backups, mostly as commands in processes of their own."""

"""The engine: what runs a migration step by step on a live database.

Imports run downwards: ``executor`` → ``passage`` → ``planner``, ``runner`` → ``lanes`` → ``journal``, ``lease``,
``locks``, ``probe`` → ``catalog`` and ``statements``.
"""

"""Backups: made by pg_dump in one snapshot with checksums, trusted after a restore, restored beside and swapped in.

:mod:`manifest` says what a backup holds, :mod:`shelf` keeps backups in a folder, :mod:`creation`, :mod:`verification`,
:mod:`restoration` and :mod:`pruning` are what the commands do, :mod:`telling` shows how far they are.
"""

"""What the lists and forms of the staff site share.

``base``       ``StaffAdmin`` and ``ReadOnlyAdmin``, which every page builds on; open it first
``lists``      paging, order, filters and search of a list (``paginator`` holds the pages)
``forms``      how a form shows, checks and saves its fields
``stale``      refuses to save a form whose row was changed after it was opened
``dialogs``    the dialogs behind buttons that act on a row
``deletion``   what a delete page shows (``cascades`` counts the rows that PostgreSQL deletes)
"""

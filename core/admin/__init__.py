"""What the lists and forms of the staff site share.

``base``       ``StaffAdmin`` and ``ReadOnlyAdmin``, which every page builds on; open it first
``lists``      paging, order, filters and search of a list (``paginator`` holds the pages)
``forms``      how a form shows and reads its fields
``deletion``   what a delete page shows (``cascades`` counts the rows that PostgreSQL deletes)
"""

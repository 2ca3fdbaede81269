"""What the lists and forms of the staff site share.

``base``       ``StaffAdmin`` and ``ReadOnlyAdmin``, which every page builds on; open it first
``lists``      paging and order of a list (``paginator`` holds the pages)
``search``     what a search term finds, in lists, pickers and the command palette
``access``     filters, pickers and links depend on what the user may view
``links``      related rows and figures on a change page
``display``    money and other values in columns
``forms``      how a form shows and reads its fields
``deletion``   what a delete page shows (``cascades`` finds the rows that PostgreSQL deletes or unlinks)
``middleware`` error pages inside the site, and where a login leads
"""

"""The parts that all pages of the staff site share.

``base``        ``StaffAdmin`` and ``ReadOnlyAdmin``, which every page builds on; open it first
``lists``       paging, order and tabs of a list (``keyset`` computes the pages, ``paginator`` counts the rows)
``filters``     a filter by days
``search``      what a search term finds, in lists, pickers (``autocomplete``) and the command palette
``access``      filters, pickers and links depend on what the user may view
``times``       dates and times with their zone, read in the zone of the row's location
``display``     money and other values in columns; ``badges`` shows statuses
``links``       related rows and figures on a change page
``forms``       how a form shows, checks and saves its fields
``stale``       refuses to save a form whose row was changed after it was opened
``dialogs``     the dialogs behind buttons that act on a row
``deletion``    what a delete page shows (``cascades`` finds the rows that PostgreSQL deletes or unlinks)
``middleware``  error pages inside the site, and where a login leads
"""

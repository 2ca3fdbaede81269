"""Locations, bookings, series and reminders. Imports ``customers`` and ``core``.

``models``     the tables, one module per subject; open ``models.bookings`` first
``settings``   the runtime settings that are used here; ``policies`` reads the cancellation policy
``selectors``  conditions for searches, days of events (``days``) and the capacity of a day (``capacity``)
``services``   functions that change rows: ``status`` changes the status of a booking, ``occurrences`` computes a series
``admin``      the pages of the staff site
"""

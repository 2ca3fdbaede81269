"""Payments, deposits and loyalty. Imports ``bookings``, ``customers`` and ``core``.

``models``     the tables, one module per subject
``settings``   the runtime settings that are used here
``selectors``  searches, and what is paid and due of a booking or customer (``balances``)
``admin``      the pages of the staff site, all of them read-only
"""

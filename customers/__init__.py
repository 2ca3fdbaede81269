"""People: customers, leads, newsletter subscribers and social media conversations. Imports ``core`` only.

``models``     the tables, one module per subject
``settings``   the runtime settings that are used here
``selectors``  conditions for searches; they execute nothing
``services``   functions that change rows: the status of a lead, thread or subscriber
``admin``      the pages of the staff site
"""

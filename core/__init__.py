"""The building blocks that all domain apps share. Imports Django and ``livemigrations`` only.

``models``    base rows: ``Row`` for every new table, ``LegacyRow`` for the tables of Sprints 0 to 2; ``Address``
``db``        database functions that models and migrations use
``status``    a status field that carries its allowed values (CHECK) and its transitions (trigger)
``money``     currencies, rounding, splitting; ``sql/money_v1.sql`` holds the same functions for SQL
``clock``     the current time; service functions receive it as an argument
``datetimes`` how an event time is shown: in the time zone of its location
``actors``    who acts: a staff account, an API key, a customer or the system, with permissions and locations
``permissions`` the grammar of permissions, and the permissions that the installed apps have
``settings``  typed runtime settings, declared where they are used; ``setting_types`` holds their types
``errors``    the errors of all of them
``search``    helpers for search terms
``admin``     what lists and forms of the staff site share

Start with ``models`` to add a table, with ``admin.base`` to add a page.
"""

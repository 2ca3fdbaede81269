"""Staff: accounts, roles, settings, and the site that they work in. Imports every other domain app.

``models``      accounts, roles and stored settings
``selectors``   permissions of an account, the account of a user, stored settings
``services``    functions that change accounts, roles and settings; ``schema_catalogue`` writes docs/schema.md
``admin``       the pages of the staff site; ``theme`` has its menu, ``sites`` registers it on a host's own site
``backends``    authentication and permissions; ``middleware`` enforces the first change of a password
``checks``      system checks of a project's settings
``demo``        the rows that ``manage.py up`` loads into an empty database
"""

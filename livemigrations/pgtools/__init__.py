"""PostgreSQL's own tools: client programs, scratch databases, copies of a schema.

:mod:`programs` finds and runs pg_dump and its kind, :mod:`addresses` tells them where the server is, :mod:`definitions`
reads and repeats what belongs to a database as a whole, :mod:`keeping` makes a database that goes when its maker goes,
:mod:`scratch` gives one to work in, :mod:`copies` fills it with a schema.
"""

"""Every published figure can be measured again from here; docs/benchmarks.md says what they mean.

:mod:`stall` measures how long live traffic waits while a tool migrates the database, :mod:`empty` how long an
empty database takes to the newest sprint, :mod:`noop` what ``migrate`` costs when there is nothing to do.
"""

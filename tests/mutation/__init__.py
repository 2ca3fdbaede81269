"""Mutation tests of the engine: small faults are put into its code, and the tests must notice them.

``make mutation ARGS="--sample 200"`` draws mutants of ``livemigrations/engine``, ``operations`` and ``translation``, runs
the tests that reach the changed line, and prints a score. Tools such as mutmut and cosmic-ray choose tests by what runs
in pytest's own process. Most tests of the engine run it in forked commands, so that they find no tests.

``recorder`` notes which test runs which line, in every process. ``mutants`` makes the faults. ``__main__`` is the command.
"""

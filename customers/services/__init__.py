"""Functions that change the rows of ``customers``: one module per subject."""

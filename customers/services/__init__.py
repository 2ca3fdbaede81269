"""What changes the rows of ``customers``: one module per subject."""

"""SQL as text: tokens, the meaning of a statement, and what a live table needs instead of it."""

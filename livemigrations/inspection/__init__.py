"""The state of a database against the code: adoption, drift, verification."""

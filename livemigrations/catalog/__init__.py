"""What PostgreSQL's catalog says: relations, definitions, constraints, who holds which lock."""

"""Every schema operation that Django's own tests exercise, told as migrations: live and plain must agree."""

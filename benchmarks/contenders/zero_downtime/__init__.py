"""The plain migrations under the engine of django-pg-zero-downtime-migrations."""

"""From an operation of Django to safe ones: ``from_django``, the single translator."""

from livemigrations.translation.parts import Part, Parts, Stage, Work
from livemigrations.translation.translator import from_django, writes_rows

__all__ = ["Part", "Parts", "Stage", "Work", "from_django", "writes_rows"]

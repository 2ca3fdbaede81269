"""The stories by subject. What Django's tests do once forwards and once back is one step: the walk goes both ways."""

from __future__ import annotations

from tests.livemigrations.schema.stories import (
    additions,
    alterations,
    beyond,
    constraints,
    exclusions,
    extensions,
    generated,
    indexes,
    keys,
    primary,
    renames,
    tables,
)
from tests.livemigrations.schema.story import Story

BUNCHES: list[list[Story]] = [
    [additions.STORY],
    [alterations.STORY],
    [keys.STORY],
    [primary.STORY],
    [constraints.STORY, exclusions.STORY],
    [indexes.STORY, generated.STORED],
    [tables.STORY, beyond.STORY],
    [renames.STORY],
    [generated.VIRTUAL, beyond.NEWER],
]
STORIES: list[Story] = [*(story for bunch in BUNCHES for story in bunch), extensions.STORY]

"""Looking ahead costs little: the models of a state are made once, not again for each operation."""

from __future__ import annotations

import pytest

from tests.livemigrations.site import Site

FIELDS = [f'migrations.AddField("Thing", "n{number}", models.IntegerField(null=True)),' for number in range(8)]
TABLES = """
migrations.CreateModel("Place", [("id", models.BigAutoField(primary_key=True))]),
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)),
    ("place", models.ForeignKey("shop.place", models.CASCADE))]),
"""
# Each registry that is made from nothing makes all of its models; the others take over what stays.
COUNTED = """
    from django.db import connection
    from django.db.migrations.state import StateApps

    made, sizes = StateApps.__init__, []

    def counted(self, real_apps, models, ignore_swappable=False):
        sizes.append(len(models))
        made(self, real_apps, models, ignore_swappable)

    StateApps.__init__ = counted
"""
TELL = "\n    print(json.dumps(sum(size > 0 for size in sizes)))\n"


def registries(site: Site, code: str) -> int:
    count: int = site.python(COUNTED + code + TELL)
    return count


@pytest.mark.slow
def test_models_are_made_once_for_a_plan(site: Site) -> None:
    site.shop(TABLES, *FIELDS)
    site.migrate("shop", "0001")
    code = """
    from livemigrations.review.plan import plan
    assert len(plan(connection{}).migrations) == {}
    """
    assert registries(site, code.format("", len(FIELDS))) == 1
    site.migrate()
    back = registries(site, code.format(", 'shop', 'zero'", len(FIELDS) + 1))
    assert back == len(FIELDS)  # one for each migration that has models before it


@pytest.mark.slow
def test_models_are_never_made_for_drift_but_as_they_come(site: Site) -> None:
    site.shop(TABLES, *FIELDS)
    site.migrate()
    code = (
        "\n    from livemigrations.inspection.drift import drift\n    assert not drift(connection, ['shop']).objects\n"
    )
    assert registries(site, code) <= 2  # the states that the models are compared by

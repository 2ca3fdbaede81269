"""The Python interface, sync and async, and migrations inside somebody else's transaction."""

from __future__ import annotations

import pytest

from tests.livemigrations.management.test_commands import BASE, COLUMN, INDEX, relation
from tests.livemigrations.site import Site

SYNC = """
from dataclasses import asdict
from livemigrations import MigrationService
service = MigrationService()
one = service.run("shop", "0001")
plan = [migration.revision for migration in service.plan()]
two = service.run()
three = service.rollback(1)
four = service.rollback(None)
print(json.dumps([one.applied, plan, two.applied, two.current_revision, two.applied_count, three.unapplied,
    [m.revision for m in three.pending_migrations], four.unapplied, service.status().exit_code, len(two.steps)]))
"""
ASYNC = """
import asyncio
from livemigrations import MigrationService
async def main():
    service = MigrationService(using="default")
    one = await service.arun(forward=1)
    two = await service.arun(sprint=2)
    plan = await service.aplan()
    back = await service.arollback(sprint=1)
    status = await service.astatus()
    return [one.applied, two.applied, plan, back.unapplied, status.sprints[2]]
print(json.dumps(asyncio.run(main())))
"""


@pytest.mark.slow
def test_run_plan_and_rollback(site: Site) -> None:
    site.shop(BASE, INDEX)
    first, second = "shop.0001_step", "shop.0002_step"
    assert site.python(SYNC) == [
        [first], [second], [second], second, 1, [second], [second], [first], 1, 1,
    ]  # fmt: skip


@pytest.mark.slow
def test_the_async_twins(site: Site) -> None:
    site.shop(BASE, INDEX, COLUMN, m0001="sprint = 1", m0002="sprint = 1", m0003="sprint = 2")
    names = [f"shop.000{n}_step" for n in (1, 2, 3)]
    assert site.python(ASYNC) == [names[:1], names[1:], [], names[2:], "pending"]


@pytest.mark.slow
@pytest.mark.parametrize("call", ["rollback(0)", "rollback(-1)", "run(forward=0)", "run(forward=-1)"])
def test_less_than_one_step_is_refused(site: Site, call: str) -> None:
    site.shop(BASE, INDEX).migrate("shop", "0001")
    code = f"""
    from livemigrations import MigrationService
    from livemigrations.errors import LiveMigrationError
    service = MigrationService()
    try:
        service.{call}
    except LiveMigrationError as error:
        print(json.dumps([str(error), service.status().applied_count]))
    """
    said, applied = site.python(code)
    assert "1 or more" in said
    assert applied == 1


@pytest.mark.slow
def test_a_failure_is_an_exception_and_a_signal(site: Site) -> None:
    site.shop(BASE, 'migrations.RunSQL("SELECT 1 / 0", ""),')
    code = """
    from livemigrations import MigrationService, signals
    from livemigrations.errors import StepFailed
    heard = []
    signals.run_failed.connect(lambda error, **_: heard.append(type(error).__name__), weak=False)
    signals.step_finished.connect(lambda report, **_: heard.append(report.migration), weak=False)
    try:
        MigrationService().run()
    except StepFailed as error:
        heard.append("division by zero" in str(error))
    print(json.dumps(heard))
    """
    assert site.python(code) == ["shop.0001_step", "StepFailed", True]


@pytest.mark.slow
def test_inside_a_transaction_it_is_plain_django(site: Site) -> None:
    site.shop(BASE, INDEX, COLUMN)
    code = """
    from django.core.management import call_command
    from django.db import connection, transaction
    with transaction.atomic():
        call_command("migrate", verbosity=0, interactive=False)
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('thing_n') IS NOT NULL, to_regclass('livemigrations_lease') IS NULL")
            found = cursor.fetchone()
        transaction.set_rollback(True)
    print(json.dumps(found))
    """
    assert site.python(code) == [True, True]
    assert not relation(site, "shop_thing")
    assert not relation(site, "django_migrations")


@pytest.mark.slow
def test_the_test_runner_makes_its_database_with_it(site: Site) -> None:
    site.shop(BASE)
    (site.folder / "shop" / "models.py").write_text(
        "from django.db import models\n\n\nclass Thing(models.Model):\n    n = models.IntegerField(null=True)\n"
    )
    (site.folder / "shop" / "tests.py").write_text(
        "from django.test import TestCase\nfrom shop.models import Thing\n\n\nclass Works(TestCase):\n"
        "    def test_it(self):\n        Thing.objects.create(n=1)\n        assert Thing.objects.count() == 1\n"
    )
    assert "OK" in site.manage("test", "shop").stderr


NAMES_OF_THE_GUIDE = """
import asyncio
from livemigrations import MigrationService, get_migration_status, run_migrations
async def main():
    service = MigrationService()
    before = await service.get_migration_status()
    result = await service.run_migrations()
    return [
        [(migration["revision"], migration["description"]) for migration in before["pending_migrations"]],
        result["applied_count"], dict(result)["applied"], (await service.get_migration_status())["current_revision"],
        "nothing" in result, result.get("nothing", 7), len(before["pending_migrations"]),
    ]
found = asyncio.run(main())
print(json.dumps([*found, run_migrations()["applied_count"], get_migration_status()["exit_code"]]))
"""


def test_results_are_mappings_under_the_names_of_the_guide(site: Site) -> None:
    site.shop(BASE, INDEX)
    names = ["shop.0001_step", "shop.0002_step"]
    pending = [[name, name.removeprefix("shop.").replace("_", " ")] for name in names]
    assert site.python(NAMES_OF_THE_GUIDE) == [pending, 2, names, names[-1], False, 7, 2, 0, 0]


EVERY_COMMAND = """
import asyncio
from livemigrations import MigrationService
from livemigrations.errors import LiveMigrationError
service = MigrationService()
script = service.sql()
service.run("shop", "0001", verify=True)
service.run(fake=True)
drifted = service.drift("shop").exit_code
service.rollback(1, fake=True)
found = service.adopt(accept=["shop.0001"], dry_run=True)
async def twins():
    await service.arun()
    back = await service.arollback(1, verify=True, discard_data=True)
    return [back.unapplied, (await service.averify()).exit_code, (await service.acompatible()).works,
        (await service.adrift()).exit_code, (await service.akept()), len(await service.ahistory()),
        (await service.aadopt(dry_run=True)).exit_code, (await service.asql("shop", "0001")).count("CREATE INDEX")]
refused = []
for call in (lambda: service.run(verfy=True), lambda: service.discard("nothing"), lambda: service.prune_backups()):
    try:
        call()
    except (TypeError, ValueError, LiveMigrationError) as error:
        refused.append(type(error).__name__)
print(json.dumps(["CREATE INDEX" in script, drifted, found.exit_code, asyncio.run(twins()), refused]))
"""


@pytest.mark.slow
def test_every_command_and_its_twin(site: Site) -> None:
    site.shop(BASE, INDEX)
    twins = [["shop.0002_step"], 0, True, 1, [], 1, 0, 0]
    refused = ["TypeError", "LiveMigrationError", "ValueError"]
    assert site.python(EVERY_COMMAND) == [True, 1, 0, twins, refused]

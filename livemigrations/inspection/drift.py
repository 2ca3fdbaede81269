"""Drift: what stands in a database against what the applied migrations make, and models against migrations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from django.apps import apps as installed
from django.db import router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.questioner import MigrationQuestioner
from django.db.migrations.state import ProjectState

from livemigrations import conf
from livemigrations.bookkeeping import has_bookkeeping
from livemigrations.catalog.objects import read_objects, respelled
from livemigrations.engine.journal import Journal
from livemigrations.engine.selection import full_order
from livemigrations.engine.touched import quoted
from livemigrations.inspection.comparison import Drifted, Ignored, compare
from livemigrations.inspection.rehearsal import History, names_in_use, rehearse


@dataclass(slots=True)
class Drift:
    """The findings. ``unmigrated`` are changes of models that no migration has; ``unknown`` applied, not in the code.

    ``pending`` migrations are no drift: the database is compared with what is applied.
    """

    database: str
    objects: list[Drifted] = field(default_factory=list)
    unmigrated: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    half_applied: list[str] = field(default_factory=list)
    pending: int = 0
    ignored: int = 0

    @property
    def exit_code(self) -> int:
        return 1 if self.objects or self.unmigrated else 0

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "exit_code": self.exit_code}


def drift(
    connection: BaseDatabaseWrapper,
    app_labels: Collection[str] = (),
    *,
    tell: Callable[[str], None] = lambda text: None,
) -> Drift:
    """Compare the database with its applied migrations, run on a scratch database, and the models with the migrations.

    With ``app_labels`` only the tables of these apps are looked at, and what belongs to no table is left out.
    Raises ``RehearsalFailed`` and ``MissingRights``; writes nothing.
    """
    loader = MigrationLoader(connection)
    nodes = loader.graph.nodes
    applied = [key for key in full_order(loader) if key in loader.applied_migrations]
    history = rehearse(connection, [nodes[key] for key in applied], purpose="drift", each=False, tell=tell)
    actual = read_objects(connection, history.schemas)
    spelled = respelled(connection, history.objects.values(), actual)
    owners = _owners(history)
    ignored = Ignored(conf.drift_ignore(), _left_alone(loader, history))
    found = list(compare(history.objects, spelled, ignored, names_in_use(history)))
    for one in found:
        one.app = owners.get(one.table, "")
    half = Journal(connection).half_done() if has_bookkeeping(connection) else {}
    return Drift(
        connection.alias,
        objects=[one for one in found if not app_labels or one.app in app_labels],
        unmigrated=list(_unmigrated(connection.alias, loader, app_labels)),
        unknown=sorted(".".join(key) for key in set(loader.applied_migrations) - set(loader.disk_migrations)),
        half_applied=sorted(".".join(key) for key in half),
        pending=len(nodes) - len(applied),
        ignored=len(ignored.found),
    )


def _owners(history: History) -> dict[str, str]:
    """The app of each table."""
    assert history.state is not None
    return {
        _plain(model._meta.db_table, history): model._meta.app_label
        for model in history.state.apps.get_models(include_auto_created=True)
    }


def _plain(table: str, history: History) -> str:
    """The name of a table as objects have it: with its schema where that is not the first one."""
    name = quoted(table)
    return name.name if name.schema in history.schemas[:1] else name.plain


def _left_alone(loader: MigrationLoader, history: History) -> set[str]:
    """The tables of models that no migration makes: unmanaged ones, and those of apps without migrations."""
    return {
        _plain(model._meta.db_table, history)
        for model in installed.get_models(include_auto_created=True)
        if not model._meta.managed or model._meta.app_label not in loader.migrated_apps
    }


def _unmigrated(alias: str, loader: MigrationLoader, app_labels: Collection[str]) -> Iterator[str]:
    """The changes that makemigrations would write, in words: of the models whose tables routers let be in the database."""
    detector = MigrationAutodetector(
        loader.project_state(),
        ProjectState.from_apps(installed),
        MigrationQuestioner(specified_apps=set(app_labels), dry_run=True),
    )
    changes = detector.changes(graph=loader.graph, trim_to_apps=set(app_labels) or None)
    for label, migrations in sorted(changes.items()):
        if label in loader.migrated_apps:
            for operation in (operation for migration in migrations for operation in migration.operations):
                model = getattr(operation, "model_name", None) or getattr(operation, "name", None)
                hints: dict[str, Any] = {"model_name": model.lower()} if model else {}
                if router.allow_migrate(alias, label, **hints):
                    yield f"{label}: {operation.describe()}"

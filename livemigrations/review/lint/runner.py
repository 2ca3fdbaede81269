"""One run of the linter: from a request to a report."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import SeparateDatabaseAndState
from django.db.migrations.exceptions import BadMigrationError, CircularDependencyError, NodeNotFoundError
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from livemigrations.conf import lint_disabled, lint_enabled
from livemigrations.engine.beyond_django import refused_by_django
from livemigrations.engine.selection import full_order, sprint_of
from livemigrations.errors import LintImpossible
from livemigrations.review.lint.allowances import Allowance, allowances, apply, place_of
from livemigrations.review.lint.applied import edited_since_applied
from livemigrations.review.lint.checks import CHAPTER_CHECKS, STEP_CHECKS, STEPS_OF_CHAPTER_CHECKS
from livemigrations.review.lint.checks.hits import Hit
from livemigrations.review.lint.effects import Effect
from livemigrations.review.lint.fields import Facts, column
from livemigrations.review.lint.findings import Engine, Finding, Place, Report, Rule
from livemigrations.review.lint.from_operations import Scene
from livemigrations.review.lint.from_sql import changes_of
from livemigrations.review.lint.history import Chapter, Reader, Run, Step, Whole
from livemigrations.review.lint.rules import RULES, TRANSLATED
from livemigrations.review.lint.scope import Request, Scope, apps_asked_for, scope_of
from livemigrations.review.lint.sources import source_of


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rules run: the default ones, those asked for, without those that are switched off, for all or per app."""

    engine: Engine = Engine.LIVE
    enabled: frozenset[str] = frozenset()
    disabled: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def takes(self, rule: Rule, app: str) -> bool:
        off = self.disabled.get("*", frozenset()) | self.disabled.get(app, frozenset())
        wanted = rule.default or rule.id in self.enabled
        return wanted and rule.id not in off and self.engine in rule.engines


def choice(engine: Engine, enable: Iterable[str] = (), disable: Iterable[str] = ()) -> Choice:
    """The rules of the settings and of the command line together. Raises ``LintImpossible`` for an unknown id."""
    disabled = {app: set(rules) for app, rules in lint_disabled().items()}
    enabled = set(lint_enabled())
    named = {rule for rules in disabled.values() for rule in rules} | enabled
    if wrong := sorted(named - set(RULES)):
        raise LintImpossible(
            f"LIVEMIGRATIONS_LINT_DISABLE or LIVEMIGRATIONS_LINT_ENABLE names {', '.join(wrong)}, and there is no such"
            " rule. Remedy: manage.py migrations lint --rules lists them."
        )
    disabled.setdefault("*", set()).update(disable)
    for rules in disabled.values():
        rules -= set(enable)
    return Choice(engine, frozenset(enabled | set(enable)), {app: frozenset(rules) for app, rules in disabled.items()})


def lint(connection: BaseDatabaseWrapper, request: Request, chosen: Choice) -> Report:
    """Lint what was asked for. The database is opened, and only read, if the pending migrations are asked for."""
    loader = _loader()
    scope = scope_of(loader, connection, request)
    report = Report(chosen.engine, [".".join(key) for key in scope.keys])
    if request.pending:
        for key, number in edited_since_applied(connection, loader, apps_asked_for(loader, request)):
            scope.edited[key] = f"operation {number} is not what was applied to {connection.alias}"
    linter = _Linter(loader, connection, chosen, scope)
    report.findings = sorted(linter.findings(), key=_order)
    return report


def _order(finding: Finding) -> tuple[str, int, str, str]:
    return finding.place.path, finding.place.line, finding.rule.id, finding.message


def _loader() -> MigrationLoader:
    try:
        return MigrationLoader(None)
    except (BadMigrationError, CircularDependencyError, NodeNotFoundError) as error:
        raise LintImpossible(f"The migrations cannot be read: {error}") from error
    except Exception as error:  # whatever a migration's own code raises while it is imported
        where = _raised_in(error)
        raise LintImpossible(f"The migrations cannot be read: {where}{type(error).__name__}: {error}") from error


def _raised_in(error: Exception) -> str:
    """The file and line that an import failed at."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}: "
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<")]
    return f"{frames[-1].filename}:{frames[-1].lineno}: " if frames else ""


@dataclass(slots=True)
class _Linter:
    loader: MigrationLoader
    connection: BaseDatabaseWrapper
    chosen: Choice
    scope: Scope

    def findings(self) -> Iterator[Finding]:
        """Every finding, those that a comment allows included."""
        wanted, run = set(self.scope.keys), Run()
        reader = self._reader()
        for key in full_order(self.loader):
            migration = self.loader.graph.nodes[key]
            if key not in wanted:
                reader.skip(migration)
                if key in self.scope.edited:
                    yield from self._of_file(Chapter(migration, source_of(migration), self.chosen.engine))
                continue
            chapter = reader.chapter(migration, run if self.scope.together else Run())
            yield from self._of_file(chapter)

    def _reader(self) -> Reader:
        whole = Whole(Facts(self.connection, ProjectState()))
        state = whole.end.state
        for key in full_order(self.loader):
            for operation in self.loader.graph.nodes[key].operations:
                with refused_by_django(operation):
                    operation.state_forwards(key[0], state)
                whole.sql_indexes += self._sql_indexes(key[0], operation)
            for model in [model for model in state.models.values() if model.app_label == key[0]]:
                table = whole.end.table(model)
                whole.names |= {table, *((table, column(name, one)) for name, one in whole.end.columns(model))}
        return Reader(self.connection, self.chosen.engine, ProjectState(), whole)

    def _sql_indexes(self, app: str, operation: Operation) -> Iterator[tuple[str, tuple[str, ...]]]:
        if isinstance(operation, SeparateDatabaseAndState):
            for inner in operation.database_operations:
                yield from self._sql_indexes(app, inner)
        elif sql := getattr(operation, "sql", None):
            empty = ProjectState()
            for change in changes_of(Scene(app, operation, empty, empty, self.connection), sql):
                if change.effect in (Effect.ADD_INDEX, Effect.ADD_UNIQUE, Effect.ADD_PRIMARY_KEY):
                    yield change.table, change.columns

    def _of_file(self, chapter: Chapter) -> Iterator[Finding]:
        allowed = allowances(chapter.source)
        found = list(dict.fromkeys(self._found(chapter)))
        yield from apply(found, allowed)
        yield from self._of_allowances(chapter, allowed)

    def _found(self, chapter: Chapter) -> Iterator[Finding]:
        for step in chapter.steps:
            for check in STEP_CHECKS:
                yield from self._made(chapter, check(step), step)
        for of_steps in STEPS_OF_CHAPTER_CHECKS:
            for step, hit in of_steps(chapter):
                yield from self._made(chapter, [hit], step)
        for of_chapter in CHAPTER_CHECKS:
            yield from self._made(chapter, of_chapter(chapter))
        yield from self._made(chapter, self._of_project(chapter))

    def _of_project(self, chapter: Chapter) -> Iterator[Hit]:
        """What only the other migrations tell."""
        app, name = chapter.migration.app_label, chapter.migration.name
        leaves = [leaf for _, leaf in self.loader.graph.leaf_nodes(app)]
        if name in leaves and len(leaves) > 1:
            yield Hit("LM405", f"{app} ends in {' and '.join(leaves)}.", "", chapter.source.attribute("dependencies"))
        others = [node for key, node in self.loader.graph.nodes.items() if key[0] == app]
        if sprint_of(chapter.migration) is None and any(sprint_of(other) is not None for other in others):
            yield Hit("LM407", f"Other migrations of {app} state their sprint, this one does not.")
        if why := self.scope.edited.get((app, name)):
            yield Hit("LM409", f"{app}.{name}: {why}.")

    def _made(self, chapter: Chapter, hits: Iterable[Hit], step: Step | None = None) -> Iterator[Finding]:
        for hit in hits:
            rule = RULES[hit.rule]
            if self.chosen.takes(rule, chapter.migration.app_label):
                yield Finding(
                    rule,
                    chapter.label,
                    _place(chapter, hit, step),
                    hit.message,
                    hit.subject,
                    step.number if step else 0,
                    step.operation.describe() if step else "",
                    instead=step.instead if step and rule.id in TRANSLATED else "",
                )

    def _of_allowances(self, chapter: Chapter, allowed: list[Allowance]) -> Iterator[Finding]:
        app = chapter.migration.app_label
        for allowance in allowed:
            unknown = [rule for rule in allowance.rules if rule not in RULES]
            hits = []
            if unknown or not allowance.rules:
                hits.append(Hit("LM903", f"There is no rule {', '.join(unknown) or 'named in this comment'}."))
            if not allowance.reason:
                hits.append(Hit("LM901", "Say why: # lint: allow LM… because …"))
            active = [rule for rule in allowance.rules if rule in RULES and self.chosen.takes(RULES[rule], app)]
            idle = [] if self.scope.together else [rule for rule in active if rule not in allowance.used]
            hits += [Hit("LM902", f"{rule} finds nothing here.") for rule in idle]
            for hit in hits:
                if self.chosen.takes(RULES[hit.rule], app):
                    place = place_of(chapter.source, allowance)
                    yield Finding(RULES[hit.rule], chapter.label, place, hit.message, f"line {allowance.line}")


def _place(chapter: Chapter, hit: Hit, step: Step | None) -> Place:
    source = hit.source or chapter.source
    around = step.span if step else chapter.source.head
    if hit.span is not None:
        return source.place(hit.span, around if source is chapter.source else None)
    return source.place(source.narrowed(around, hit.names), around)

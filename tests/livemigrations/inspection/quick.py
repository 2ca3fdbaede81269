"""A throw-away project whose commands run in children of one process that has loaded Django already."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.livemigrations.site import Site
from tests.support.crashes import Assassin, assassin
from tests.support.database import Database


@dataclass
class QuickSite(Site):
    """A site of which every command is a fork; what a command says on either output comes as both."""

    stack: ExitStack = field(default_factory=ExitStack)
    runner: Assassin | None = None

    def manage(
        self, *arguments: str, check: bool = True, env: Mapping[str, str] | None = None, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        assert env is None
        if self.runner is None:
            self.runner = self.stack.enter_context(
                assassin(self.database, cwd=self.folder, environment=self.environment())
            )
        end = self.runner.run(*arguments)
        if check and end.code:
            raise AssertionError(f"{' '.join(arguments)} ended with {end.code}:\n{end.output}")
        return subprocess.CompletedProcess(arguments, end.code, end.output, end.output)

    def reload(self) -> QuickSite:
        """Have settings and models read again by the next command."""
        self.stack.close()
        self.runner = None
        return self

    def _settings(self) -> QuickSite:
        super()._settings()
        return self.reload()


@contextmanager
def quick_site(folder: Path, database: Database) -> Iterator[QuickSite]:
    """A site on a fresh database that is not empty."""
    with database.connect() as connection:
        connection.execute("CREATE TABLE older (id int)")
    with ExitStack() as stack:
        site = QuickSite(folder, database, stack=stack)
        site.install()
        yield site

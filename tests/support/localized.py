"""A server that speaks another language, in a locale that is built for it and gone afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import loud, postgres
from tests.support.postgres import Fleet, PgServer

MAJOR = 15
CATALOGUE = "/usr/share/locale/{language}/LC_MESSAGES/postgres-{major}.mo"


@contextmanager
def localized(locale: str) -> Iterator[PgServer]:
    """Run a server of the system's PostgreSQL whose messages are in ``locale``, such as de_DE.

    Skips loudly where the system has no such server, no translation for it, or cannot build the locale.
    """
    language = locale.partition("_")[0]
    if not postgres.is_installed(MAJOR) or not Path(CATALOGUE.format(language=language, major=MAJOR)).exists():
        loud.skip(f"PostgreSQL {MAJOR} with messages in {language} is not installed")
    fleet = Fleet.create()
    try:
        _build(fleet.root, locale)
        server = fleet.server(MAJOR)
        with server.connect() as connection:
            connection.execute(f"ALTER SYSTEM SET lc_messages = '{locale}.UTF-8'")
            connection.execute("SELECT pg_reload_conf()")
        yield server
    finally:
        os.environ.pop("LOCPATH", None)
        fleet.stop()


def _build(folder: Path, locale: str) -> None:
    """Build the locale beside C.UTF-8 and have servers that start from now on look there."""
    if shutil.which("localedef") is None:
        loud.skip("localedef is not installed")
    home = folder / "locales"
    home.mkdir()
    for name in (locale, "C"):
        source = "POSIX" if name == "C" else locale
        command = ["localedef", "-i", source, "-f", "UTF-8", "--no-archive", str(home / f"{name}.UTF-8")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not (home / f"{name}.UTF-8").exists():
            loud.skip(f"the locale {name}.UTF-8 cannot be built: {done.stderr.strip()[:200]}")
    home.chmod(0o755)
    os.environ["LOCPATH"] = str(home)

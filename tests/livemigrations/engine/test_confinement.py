"""A migration that tries to reach everything: what each rehearsal lets it have, and that the project feels none of it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.livemigrations.inspection.quick import QuickSite, quick_site
from tests.support.database import Database

TRIES = """
import json, os, socket, subprocess, threading
from pathlib import Path

import psycopg
from django.conf import settings
from django.core.cache import cache, caches
from django.core.mail import EmailMessage, send_mail
from django.db import connection, connections, transaction
from django.tasks import task

HERE = Path(__file__).parent / "reached"
GO = Path(__file__).parent / "go"
SQL = "INSERT INTO shop_thing (n) VALUES (-1)"


def touch(name):
    (HERE / name).write_text("")


@task
def work():
    touch("task")


def mails():
    message = EmailMessage("Hello", "…", "from@example.com", ["to@example.com"])
    return [send_mail("Hello", "…", None, ["to@example.com"]), message.send()]


def caching():
    cache.set("key", 1)
    caches["other"].set_many({"a": 1})
    cache.odd("key")
    return cache.get("key", "nothing")


def hooks():
    transaction.on_commit(lambda: touch("hook"))
    with transaction.atomic():
        transaction.on_commit(lambda: touch("inner hook"))


def in_thread(work):
    said = []

    def run():
        try:
            said.append(work())
        except Exception as error:
            said.append(f"{type(error).__name__}: {error}")
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return said[0]


def database():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        return cursor.fetchone()[0]


def other(alias):
    with connections[alias].cursor() as cursor:
        cursor.execute(SQL)


def driver():
    with psycopg.connect(settings.REAL) as real:
        real.execute(SQL)


def connects():
    socket.create_connection(("127.0.0.1", settings.PORT), timeout=5).close()


def sends():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.sendto(b"1", ("127.0.0.1", settings.PORT))


TRIES = {
    "mails": mails,
    "caching": caching,
    "tasks": lambda: work.enqueue().status,
    "hooks": hooks,
    "database": database,
    "database in a thread": lambda: in_thread(database),
    "other": lambda: other("other"),
    "other in a thread": lambda: in_thread(lambda: other("other")),
    "lite": lambda: other("lite"),
    "driver": driver,
    "driver in a thread": lambda: in_thread(driver),
    "connects": connects,
    "sends": sends,
    "looks up": lambda: socket.getaddrinfo("localhost", 80) and None,
    "program": lambda: subprocess.run(["/bin/sh", "-c", f"touch '{HERE}/program'"], check=True) and None,
    "shell": lambda: os.system(f"touch '{HERE}/shell'") or None,
}


def reach(apps, editor):
    if not GO.exists():
        return
    found = {}
    for name, attempt in TRIES.items():
        try:
            found[name] = attempt()
        except Exception as error:
            found[name] = f"{type(error).__name__}: {error}"
    Path(settings.FOUND).write_text(json.dumps(found, default=str))
    connects()
"""
FIRST = """
class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField())]),
    ]
"""
SECOND = """
import tries


def reach(apps, editor):
    tries.reach(apps, editor)


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_first")]
    operations = [migrations.RunPython(reach, migrations.RunPython.noop)]
"""
BACKENDS = """
from pathlib import Path

from django.core.cache.backends.filebased import FileBasedCache
from django.core.mail.backends.base import BaseEmailBackend


class Odd(FileBasedCache):
    def odd(self, key):
        self.set(key, 1)


class Mails(BaseEmailBackend):
    def __init__(self, flavour="", **options):
        super().__init__(**options)

    def send_messages(self, messages):
        (Path(__file__).parent / "reached" / "mails").write_text("")
        return len(messages)
"""
SETTINGS = """
from pathlib import Path
HERE = Path(__file__).parent
FOUND = str(HERE / "found.json")
REAL = {dsn!r}
PORT = {port}
DATABASES["other"] = dict(DATABASES["default"])
DATABASES["lite"] = {{"ENGINE": "django.db.backends.sqlite3", "NAME": HERE / "lite"}}
CACHES = {{name: {{"BACKEND": "odd.Odd", "LOCATION": HERE / "reached" / name}} for name in ("default", "other")}}
TASKS = {{"default": {{"BACKEND": "django.tasks.backends.immediate.ImmediateBackend"}}}}
{mail}
"""
MAILERS = 'MAILERS = {"default": {"BACKEND": "odd.Mails", "OPTIONS": {"flavour": "sweet"}}}'
OLD_MAILS = 'import warnings\nwarnings.simplefilter("ignore")\nEMAIL_BACKEND = "odd.Mails"'
OWN = "Remedy: have the migration use schema_editor.connection.alias."
ALLOW = "allow it with --allow-network."


@pytest.fixture
def port() -> Iterator[socket.socket]:
    """Somebody who listens, and would have been reached."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def _reaching(folder: Path, database: Database, port: socket.socket, mail: str) -> Iterator[QuickSite]:
    (folder / "tries.py").write_text(TRIES)
    (folder / "odd.py").write_text(BACKENDS)
    with quick_site(folder, database) as site:
        site.extra = SETTINGS.format(dsn=database.dsn, port=port.getsockname()[1], mail=mail)
        site.app("shop", migrations={"0001_first": FIRST, "0002_reach": SECOND})
        site.migrate("shop", "0001", "-v0")
        (folder / "reached").mkdir(exist_ok=True)
        (folder / "go").touch()
        yield site


@pytest.fixture
def reaching(tmp_path: Path, database: Database, port: socket.socket) -> Iterator[QuickSite]:
    """A project whose second migration is pending and reaches for all that it can."""
    yield from _reaching(tmp_path, database, port, MAILERS)


@pytest.fixture
def reaching_as_before(tmp_path: Path, database: Database, port: socket.socket) -> Iterator[QuickSite]:
    """The same with the settings of mail that came before MAILERS."""
    yield from _reaching(tmp_path, database, port, OLD_MAILS)


def found(site: QuickSite) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((site.folder / "found.json").read_text())
    return read


def reached(site: QuickSite) -> set[str]:
    """What left a file behind."""
    top = site.folder / "reached"
    return {path.relative_to(top).parts[0] for path in top.rglob("*") if path.is_file()}


def untouched(site: QuickSite, port: socket.socket) -> None:
    """Nothing of all that was tried has come anywhere."""
    assert reached(site) == set()
    with site.database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM shop_thing").fetchone() == (0,)
    with pytest.raises(BlockingIOError):
        port.accept()
    assert site.database.scratches() == []


def harmless(tries: dict[str, Any], site: QuickSite) -> None:
    """What leads nowhere works as ever, what cannot is refused with the line that did it and the remedy."""
    assert (tries["mails"], tries["caching"], tries["tasks"], tries["hooks"]) == ([1, 1], "nothing", "READY", None)
    assert tries["database"].startswith("livemigrations_scratch_")
    assert tries["database in a thread"] == tries["database"]
    for name in ("other", "other in a thread", "lite", "driver", "driver in a thread"):
        assert tries[name].startswith("OutsideTheCopy: The migration shop.0002_reach"), tries[name]
        assert tries[name].endswith(OWN)
    assert "the database 'other', which is not copied" in tries["other"]
    assert f"the database {site.database.name!r}, which is not copied" in tries["driver"]
    file = site.folder / "shop" / "migrations" / "0002_reach.py"
    for name in ("connects", "sends", "looks up", "program", "shell"):
        assert tries[name].startswith(f"OutsideTheCopy: The migration shop.0002_reach ({file}, line "), tries[name]
        assert tries[name].endswith(ALLOW)


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [("trace",), ("trace", "--plain"), ("compatible",), ("adopt", "--dry-run"), ("drift",)],
    ids=["trace", "plain", "compatible", "adopt", "drift"],
)
def test_a_rehearsal_reaches_nothing(command: tuple[str, ...], reaching: QuickSite, port: socket.socket) -> None:
    if command == ("drift",):
        reaching.migrate("--fake", "-v0")
    done = reaching.manage("migrations", *command, check=False)
    harmless(found(reaching), reaching)
    untouched(reaching, port)
    assert done.returncode == 1
    assert "The migration shop.0002_reach (" in done.stdout
    assert "A rehearsal reaches no network." in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.slow
def test_mails_by_the_older_settings(reaching_as_before: QuickSite, port: socket.socket) -> None:
    reaching_as_before.manage("migrations", "trace", check=False)
    assert found(reaching_as_before)["mails"] == [1, 1]
    untouched(reaching_as_before, port)


@pytest.mark.slow
def test_the_network_may_be_allowed(reaching: QuickSite, port: socket.socket) -> None:
    """Sockets and programs, nothing else."""
    done = reaching.manage("migrations", "trace", "--allow-network")
    tries = found(reaching)
    assert [tries[name] for name in ("connects", "looks up", "sends", "program", "shell")] == [None] * 5
    assert reached(reaching) == {"program", "shell"}
    assert tries["driver"].startswith("OutsideTheCopy")
    port.accept()[0].close()
    assert "Nothing dangerous was seen." in done.stdout


SERVICE = """
import json, threading
import tries
from django.core.cache import cache
from django.core.mail import send_mail
from django.db import connection, transaction
from livemigrations.service import MigrationService

meanwhile = {}
started, ended = threading.Event(), threading.Event()

def elsewhere():
    started.wait(300)
    try:
        meanwhile["database"] = tries.database()
        cache.set("key", 2)
        meanwhile["cache"] = cache.get("key")
        send_mail("Hello", "…", None, ["to@example.com"])
        transaction.on_commit(lambda: tries.touch("hook"))
        tries.connects()
    except Exception as error:
        meanwhile["error"] = str(error)
    finally:
        connection.close()
        ended.set()

thread = threading.Thread(target=elsewhere)
thread.start()
tries.TRIES = {"waits": lambda: (started.set(), ended.wait(300)) and None}
report = MigrationService().trace()
thread.join()
after = tries.database()
print(json.dumps([meanwhile, report.stopped, after]))
"""


@pytest.mark.slow
def test_other_threads_go_on_as_ever(reaching: QuickSite, port: socket.socket) -> None:
    """A product that traces from its own process loses no mail of somebody else's."""
    meanwhile, stopped, after = reaching.python(SERVICE)
    assert meanwhile == {"database": reaching.database.name, "cache": 2}
    assert "A rehearsal reaches no network" in stopped
    assert after == reaching.database.name
    assert reached(reaching) == {"hook", "mails", "default"}
    port.accept()[0].close()

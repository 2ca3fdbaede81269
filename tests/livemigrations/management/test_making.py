"""The command that writes migrations: names, sprints, Django's own options, questions at a terminal."""

from __future__ import annotations

import os
import pty
import select
import signal
import time
from pathlib import Path

import pytest

from tests.livemigrations.site import Site
from tests.support import processes

CART = """
class Cart(models.Model):
    a = models.IntegerField()
    note = models.CharField(max_length=30, null=True)
"""


@pytest.fixture
def shop(site: Site) -> Site:
    """A project with one migration of sprint 2, by a name that carries it, and a max_migration.txt."""
    site.app("shop", models=CART, migrations={})
    site.manage("makemigrations", "shop", "--sprint", "2", "-v0", "-n", "carts")
    folder(site).joinpath("0001_carts.py").rename(folder(site) / "0001_s02_carts.py")
    folder(site).joinpath("max_migration.txt").write_text("0001_s02_carts\n")
    return site


def folder(site: Site) -> Path:
    return site.folder / "shop" / "migrations"


def change(site: Site, old: str, new: str) -> None:
    path = site.folder / "shop" / "models.py"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def files(site: Site) -> list[str]:
    return sorted(path.stem for path in folder(site).glob("0*.py"))


def newest(site: Site) -> str:
    return folder(site).joinpath("max_migration.txt").read_text().strip()


@pytest.mark.slow
def test_names_carry_the_sprint_and_a_stage(shop: Site) -> None:
    change(shop, "a = models.IntegerField()", "b = models.IntegerField(db_index=True, null=True)")
    said = shop.manage("makemigrations", "--no-input", "--sprint", "4").stdout
    assert files(shop) == ["0001_s02_carts", "0002_s04_retire_cart_a_cart_b", "0003_s04_drop_cart_a"]
    assert newest(shop) == "0003_s04_drop_cart_a"
    assert "migrate --stage contract, for\n  shop.0003_s04_drop_cart_a" in said
    text = folder(shop).joinpath("0003_s04_drop_cart_a.py").read_text()
    assert 'sprint = 4\n    stage = "contract"\n' in text
    assert "('shop', '0002_s04_retire_cart_a_cart_b')" in text
    assert "from livemigrations import operations as live" in text
    refused = shop.manage("makemigrations", "--sprint", "3", "--empty", "shop", check=False)
    assert refused.returncode == 1
    assert "--sprint 3 lies before sprint 4" in refused.stderr
    assert shop.manage("makemigrations", "--sprint", "x", check=False).returncode == 2
    assert shop.manage("migrate", "-v0").returncode == 0


@pytest.mark.slow
def test_djangos_own_options(shop: Site) -> None:
    change(shop, "a = models.IntegerField()", "a = models.IntegerField()\n    k = models.IntegerField(default=1)")
    assert shop.manage("makemigrations", "--check", "--no-input", check=False).returncode == 1
    shown = shop.manage("makemigrations", "--dry-run", "-v3", "--no-input").stdout
    assert 'stage = "contract"' in shown
    assert "Locks: " in shown
    assert files(shop) == ["0001_s02_carts"]
    shop.manage("makemigrations", "--name", "kept", "--no-input", "-v0")
    assert files(shop)[1:] == ["0002_s02_kept", "0003_s02_kept_default"]
    shop.manage("makemigrations", "--empty", "shop", "-n", "by_hand", "--no-input", "-v0")
    text = folder(shop).joinpath("0004_s02_by_hand.py").read_text()
    assert "Why: TODO" in text
    assert "sprint = 2" in text
    assert newest(shop) == "0004_s02_by_hand"
    change(shop, "k = models", "m = models.TextField(null=True)\n    k = models")
    folder(shop).joinpath("0004_s02_by_hand.py").write_text(text.replace("Why: TODO", "Why: because"))
    shop.manage("makemigrations", "--update", "--no-input", "-v0")
    assert files(shop)[3:] == ["0004_s02_cart_m"]
    text = folder(shop).joinpath("0004_s02_cart_m.py").read_text()
    assert "Why: because" in text
    assert "sprint = 2" in text
    assert newest(shop) == "0004_s02_cart_m"
    assert "No changes" in shop.manage("makemigrations", "--check", "--no-input").stdout


@pytest.mark.slow
def test_plain_is_what_django_writes(shop: Site) -> None:
    change(shop, "a = models.IntegerField()", "k = models.ForeignKey('self', models.CASCADE, null=True)")
    shop.manage("makemigrations", "--plain", "--no-input", "--no-header", "-n", "plain", "-v0")
    written = folder(shop).joinpath("0002_plain.py")
    text = written.read_text()
    written.unlink()
    shop.live = False
    shop.install("shop")
    shop.manage("makemigrations", "--no-input", "--no-header", "-n", "plain", "-v0")
    assert written.read_text() == text


@pytest.mark.slow
def test_a_merge_belongs_to_a_sprint(shop: Site) -> None:
    text = "class Migration(migrations.Migration):\n    sprint = 3\n    dependencies = [('shop', '0001_s02_carts')]\n"
    shop.migration("shop", "0002_s03_one", text)
    shop.migration("shop", "0002_s03_other", text)
    assert "Conflicting migrations" in shop.manage("makemigrations", check=False).stderr
    shop.manage("makemigrations", "--merge", "--no-input", "-v0")
    assert files(shop)[3:] == ["0003_s03_merge_0002_s03_one_0002_s03_other"]
    assert newest(shop) == "0003_s03_merge_0002_s03_one_0002_s03_other"
    assert "sprint = 3" in folder(shop).joinpath(f"{newest(shop)}.py").read_text()


class Terminal:
    """A command at a terminal: what it asks, and what is typed."""

    def __init__(self, site: Site, *arguments: str) -> None:
        self.side, other = pty.openpty()
        self.process = processes.popen(
            site.command(*arguments), cwd=site.folder, env=site.environment({"TERM": "dumb"}),
            stdin=other, stdout=other, stderr=other, start_new_session=True,
        )  # fmt: skip
        os.close(other)
        self.seen = ""

    def until(self, text: str) -> None:
        end = time.monotonic() + 60
        while text not in self.seen:
            assert time.monotonic() < end, self.seen
            if select.select([self.side], [], [], 1)[0]:
                self.seen += os.read(self.side, 4096).decode()

    def interrupt_until(self, text: str) -> None:
        """Press Ctrl-C until the answer comes: a signal that arrives just before the command reads is not noticed."""
        end = time.monotonic() + 60
        while text not in self.seen:
            assert time.monotonic() < end, self.seen
            os.killpg(self.process.pid, signal.SIGINT)
            if select.select([self.side], [], [], 1)[0]:
                self.seen += os.read(self.side, 4096).decode()

    def type(self, text: str) -> None:
        self.seen = ""
        os.write(self.side, text.encode())

    def end(self) -> int:
        try:
            while os.read(self.side, 4096):
                pass
        except OSError:
            pass
        os.close(self.side)
        return self.process.wait(300)


@pytest.mark.slow
def test_questions_are_answered_at_a_terminal(shop: Site) -> None:
    change(shop, "a = models.IntegerField()", "z = models.IntegerField()\n    k = models.IntegerField()")
    change(shop, "note = models.CharField(max_length=30, null=True)", "note = models.CharField(max_length=30)")
    terminal = Terminal(shop, "makemigrations")
    terminal.until("cart.a renamed to cart.")
    asked = terminal.seen.partition("renamed to cart.")[2][0]
    terminal.type("n\n" if asked == "k" else "y\n")
    if asked == "k":
        terminal.until("renamed to cart.z")
        terminal.type("y\n")
    for answer in ("1", "5"):
        terminal.until(">>>" if answer == "5" else "Select an option")
        terminal.type(f"{answer}\n")
    for answer in ("1", "'none'"):
        terminal.until(">>>" if answer != "1" else "Select an option")
        terminal.type(f"{answer}\n")
    assert terminal.end() == 0
    texts = "\n".join(folder(shop).joinpath(f"{name}.py").read_text() for name in files(shop)[1:])
    assert "migrations.RenameField(" in texts
    assert "field=models.IntegerField(db_default=5)" in texts
    assert "expression='none'" in texts
    assert "live.SetNotNull(" in texts
    assert shop.manage("makemigrations", "--check", "--no-input").returncode == 0
    assert shop.manage("migrate", "-v0").returncode == 0


@pytest.mark.slow
def test_an_interruption_writes_nothing(shop: Site) -> None:
    change(shop, "a = models.IntegerField()", "z = models.IntegerField()")
    terminal = Terminal(shop, "makemigrations")
    terminal.until("cart.a renamed to cart.z")
    terminal.interrupt_until("No migration was written")
    assert terminal.end() == 130
    assert files(shop) == ["0001_s02_carts"]
    assert newest(shop) == "0001_s02_carts"


@pytest.mark.slow
def test_the_help_names_the_exit_codes(shop: Site) -> None:
    said = shop.manage("makemigrations", "--help").stdout
    assert "--plain" in said
    assert "130" in said

"""What every command promises: help that teaches, a guide, JSON and nothing else, exit codes, words for Ctrl-C."""

from __future__ import annotations

import json
import re
from importlib import import_module
from io import StringIO
from typing import Any, cast

import pytest
from django.core.management import load_command_class
from django.core.management.base import CommandParser

from livemigrations.catalog.kept import Kept
from livemigrations.management.parts.kept import entry
from livemigrations.management.subcommands import CommandOfSubcommands, Subcommand
from tests.livemigrations.site import Site
from tests.support.database import ROOT

COMMANDS = {
    name: cast("CommandOfSubcommands", load_command_class("livemigrations", name)) for name in ("migrations", "backup")
}
PARTS = [(command, part) for command, made in COMMANDS.items() for part in made.parts]
READING = [
    ("migrations", "status"), ("migrations", "history"), ("migrations", "kept"), ("migrations", "plan"),
    ("migrations", "trace"), ("migrations", "lint", "--all"), ("migrations", "adopt", "--dry-run"),
    ("migrations", "drift"), ("migrations", "verify"), ("migrations", "compatible"), ("backup", "list"),
]  # fmt: skip
MODEL = """
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True, serialize=False)),
    ("n", models.IntegerField(null=True))]),
"""


def subcommand(command: str, part: str) -> type[Subcommand]:
    kind: type[Subcommand] = import_module(f"{COMMANDS[command].package}.{part}").Command
    return kind


def guide(command: str, part: str) -> str:
    return (ROOT / "docs" / "commands" / f"{part if command == 'migrations' else command}.md").read_text()


@pytest.mark.parametrize(("command", "part"), PARTS)
def test_help_and_guide(command: str, part: str) -> None:
    kind = subcommand(command, part)
    assert f"manage.py {command} {part}" in kind.description, "an example"
    assert {0, 2} <= set(kind.exit_codes)
    text = guide(command, part)
    assert f"{command} {part}" in text
    assert "exit code" in text.lower()
    assert "json" in text.lower()
    for code in kind.exit_codes:
        assert re.search(rf"\b{code}\b", text), f"exit code {code}"


@pytest.mark.parametrize(("command", "part"), PARTS)
def test_options(command: str, part: str) -> None:
    parser: CommandParser = COMMANDS[command].create_parser("manage.py", command)
    out = StringIO()
    chosen: Any = parser._subparsers
    chosen._group_actions[0].choices[part].print_help(out)
    assert "--json" in out.getvalue()
    assert "--database" in out.getvalue()
    assert "130" in out.getvalue()
    everywhere = {"--help", "--database", "--verbosity", "--noinput"}
    offered = set(re.findall(r"--[a-z][a-z-]+", out.getvalue())) - everywhere
    assert offered <= set(re.findall(r"--[a-z][a-z-]+", guide(command, part)))


@pytest.mark.parametrize("command", ["migrate", "makemigrations"])
def test_help_of_djangos_own_commands(command: str) -> None:
    parser = load_command_class("livemigrations", command).create_parser("manage.py", command)
    text = parser.format_help()
    examples = re.findall(rf"^  manage\.py {command} (.*?)(?: {{2,}}.*| [>|].*)?$", text, re.MULTILINE)
    assert examples, "help that teaches"
    for words in examples:
        parser.parse_args(words.split())
    written = (ROOT / "docs" / "commands" / f"{command}.md").read_text()
    ours = text[text.index("live migrations:") : text.index("examples:")]
    assert [name for name in re.findall(r"^  (--[a-z-]+)", ours, re.MULTILINE) if name not in written] == []
    for code in ("0", "1", "2", "130"):
        assert re.search(rf"\b{code}\b", text[: text.index("positional arguments")]), code


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory, pg_server: Any) -> Any:
    from tests.support.database import fresh

    with fresh(pg_server) as database:
        site = Site(tmp_path_factory.mktemp("contract"), database).shop(MODEL)
        site.app(
            "shop",
            models="class Thing(models.Model):\n    id = models.BigAutoField(primary_key=True)\n    n = models.IntegerField(null=True)\n",
            migrations={},
        )
        site.migrate("-v0")
        yield site


@pytest.mark.slow
@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_json_and_nothing_else(ready: Site, words: tuple[str, ...]) -> None:
    done = ready.manage(*words, "--json", check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    found = json.loads(done.stdout)
    for name in found if isinstance(found, dict) else found[0] if found else ():
        assert re.search(rf"[`\"]{name}[`\"\[]", guide(*words[:2])), f"{name} is not in the guide"


def test_json_of_what_is_kept() -> None:
    line = Kept("a_1", "public", "a", "n", "shop", "0002", "back", "kept", None, 3, {}, "", None)
    text = guide("migrations", "kept")
    assert [name for name in entry(line) if f"`{name}`" not in text] == []


@pytest.mark.parametrize("words", READING, ids=" ".join)
@pytest.mark.parametrize(
    ("more", "code", "said"),
    [(["--no-such-option"], 2, "usage:"), (["--database", "nowhere"], 2, "There is no database 'nowhere'")],
)
def test_wrong_usage(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], more: list[str], code: int, said: str
) -> None:
    command = load_command_class("livemigrations", words[0])
    with pytest.raises(SystemExit) as left:
        command.run_from_argv(["manage.py", *words, *more])
    out, error = capsys.readouterr()
    assert (left.value.code, out) == (code, "")
    assert said in error


@pytest.mark.slow
def test_migrate_json(ready: Site) -> None:
    done = json.loads(ready.migrate("--json", "shop", "zero").stdout)
    assert (done["outcome"], done["unapplied"], done["error"]) == ("finished", ["shop.0001_step"], "")
    text = (ROOT / "docs" / "commands" / "migrate.md").read_text()
    assert [name for name in done if f"`{name}`" not in text] == []
    ready.database.psql("CREATE TABLE older (id int)")
    done = json.loads(ready.migrate("--json").stdout)
    assert (done["outcome"], done["applied"]) == ("finished", ["shop.0001_step"])
    assert done["steps"][0]["lane"] == "instant"
    assert json.loads(ready.migrate("--json").stdout)["applied"] == []
    ready.migration("shop", "0002_wrong", FAILING)
    failed = ready.migrate("--json", check=False)
    assert failed.returncode == 1
    assert "division by zero" in failed.stderr
    assert json.loads(failed.stdout)["outcome"] == "failed"
    failed = ready.migrate("--json", "--rollback-on-failure", check=False)
    assert json.loads(failed.stdout)["outcome"] == "taken back"
    assert "leave one of them away" in ready.migrate("--json", "--sql", check=False).stderr


FAILING = """

class Migration(migrations.Migration):
    dependencies = [("shop", "0001_step")]
    operations = [migrations.RunSQL("SELECT 1 / 0", "")]
"""

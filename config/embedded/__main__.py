"""``python -m config.embedded start|stop|status|url|psql|remove``: the embedded server by hand."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys

from config.embedded import binaries, server
from config.embedded.errors import EmbeddedError

COMMANDS = {
    "start": "start the server; the first time, create it",
    "stop": "stop it, even if processes use it",
    "status": "show whether it runs and which processes use it; exit code 1 if it does not run",
    "url": "print its address for DATABASE_URL",
    "psql": "open psql on it; further arguments are passed to psql",
    "remove": "stop it and delete its data",
}


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    lines = "\n".join(f"  {name:8}{text}" for name, text in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="python -m config.embedded",
        description="The embedded PostgreSQL of this checkout.",
        epilog=f"commands:\n{lines}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="options of psql")
    given = parser.parse_args(arguments)
    with contextlib.suppress(ImportError):  # `make clean` also works where the packages are not installed
        from config import environment

        environment.load()
    try:
        return _run(given.command, given.rest)
    except EmbeddedError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _run(command: str, rest: list[str]) -> int:
    if command == "start":
        server.ensure_running()
        print(server.url())
    elif command == "stop":
        print("stopped" if server.stop() else "not running")
    elif command == "remove":
        print("removed" if server.remove() else "nothing to remove")
    elif command == "url":
        print(server.url())
    elif command == "psql":
        server.ensure_running()
        psql = os.fspath(binaries.find() / "psql")
        sys.stdout.flush()
        os.execv(psql, [psql, server.url(), *rest])
    else:
        return _print_status()
    return 0


def _print_status() -> int:
    now = server.status()
    state = f"running as process {now.postmaster}" if now.postmaster else "not running"
    print(f"{state}\nfiles    {now.home}\naccount  {now.account}")
    print(f"version  {now.version or 'not created yet'}")
    print(f"clients  {', '.join(map(str, now.clients)) or 'none'}")
    return 0 if now.postmaster else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

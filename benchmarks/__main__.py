"""``python -m benchmarks [stall|empty|lists|noop|adopting] [OPTIONS]``: one benchmark with its options, or all as published."""

from __future__ import annotations

import sys

from benchmarks import adopting, empty, lists, noop, stall

ALL = {
    "adopting": adopting.main,
    "empty": empty.main,
    "lists": lists.main,
    "noop": noop.main,
    "stall": stall.main,
}


def main(arguments: list[str]) -> int:
    """Run what the first argument names, or everything; return an exit code."""
    if not arguments:
        return max(benchmark([]) for benchmark in ALL.values())
    name, *options = arguments
    if name in ("-h", "--help"):
        print(__doc__)
        return 0
    if name not in ALL:
        print(f"error: there is no benchmark {name}: choose from {', '.join(ALL)}", file=sys.stderr)
        return 2
    return ALL[name](options)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

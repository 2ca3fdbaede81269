#!/usr/bin/env python
"""Django's command line for this project."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Run the command named by ``sys.argv``; its children develop, too, even those that serve."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("TEPPAN_DEBUG_DEFAULT", "on")
    try:
        from config.launch import manage
    except ModuleNotFoundError as error:
        fix = "Run `make install`, then use .venv/bin/python manage.py."
        print(f"error: {error.name} is not installed. {fix}", file=sys.stderr)
        return 2 if sys.argv[1:2] == ["migrations"] and "status" in sys.argv else 1  # 1 would say: pending
    return manage(sys.argv)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # while Django starts; from then on most commands answer it themselves
        print("Interrupted.", file=sys.stderr)
        sys.exit(130)

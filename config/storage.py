"""The storage of static files in production."""

from __future__ import annotations

import structlog
from whitenoise.storage import CompressedManifestStaticFilesStorage

COLLECT = "Run manage.py collectstatic before the server starts, once for each release."
_log: structlog.stdlib.BoundLogger = structlog.get_logger("teppan.static")


class StaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # the package has no type hints
    """Static files with a hash in their name, compressed.

    A file that is missing from the manifest is an error in the log and a page without it, instead of a page that
    cannot be shown at all.
    """

    manifest_strict = False

    def stored_name(self, name: str) -> str:
        """Return the name with the hash, or the plain name where ``collectstatic`` did not collect the file."""
        try:
            return str(super().stored_name(name))
        except ValueError:
            _log.error("static_file_not_collected", file=name, remedy=COLLECT)
            return name

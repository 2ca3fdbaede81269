"""The settings of gunicorn: ``gunicorn --config config/gunicorn.py config.wsgi``.

gunicorn reads the module's variables by name. ``GUNICORN_CMD_ARGS`` and command line options win over them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config import environment
from config.logs import LEVELS, logging_settings


def _refuse_bad_settings() -> None:
    """End with the message of a wrong setting; otherwise each worker would end with a traceback instead.

    A child process reads the settings, so that the workers which SIGHUP starts import the new code.
    """
    child = {"TEPPAN_DEBUG_DEFAULT": "off", **os.environ}
    command = [sys.executable, "-m", "config.launch"]
    if subprocess.run(command, cwd=Path(__file__).parents[1], env=child, check=False).returncode:
        sys.exit(1)


_refuse_bad_settings()
env = environment.load()
try:
    bind = environment.listener("GUNICORN_BIND", env.str("GUNICORN_BIND", default="127.0.0.1:8000"))
    # A worker answers one request at a time per thread. Each thread may hold a database connection.
    workers = env.whole("WEB_CONCURRENCY", default=2 * (os.cpu_count() or 1) + 1, least=1)
    threads = env.whole("GUNICORN_THREADS", default=2, least=1)
    # A worker that has not answered for this many seconds is killed; the master starts another.
    timeout = env.whole("GUNICORN_TIMEOUT", default=60, least=1)
    # After SIGTERM, running requests have this many seconds to finish.
    graceful_timeout = env.whole("GUNICORN_GRACEFUL_TIMEOUT", default=30, least=1)
except ImproperlyConfigured as error:
    print(f"error: {error}", file=sys.stderr)
    sys.exit(1)
# Longer than the proxy keeps an idle connection, so that the proxy never reuses one that is being closed.
keepalive = 75
# Replace each worker after about this many requests, as a guard against slow leaks.
max_requests, max_requests_jitter = 10_000, 1_000
# The heartbeat of a worker must not wait for a disk.
_memory = Path("/dev/shm")  # noqa: S108  # gunicorn creates a file of an unpredictable name in it
worker_tmp_dir = str(_memory) if _memory.is_dir() else None
control_socket_disable = True
# gunicorn's own lines take the form of the application's; each request is logged by the application.
logconfig_dict = logging_settings(
    debug=env.bool("DEBUG", default=False), level=env.choice("LOG_LEVEL", LEVELS, default="INFO")
)
accesslog = None

"""``manage.py up``: from nothing to a running admin."""

from __future__ import annotations

import errno
import os
import socket
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse
from django.utils import timezone

from adminpanel.demo import DEMO_EMAIL, DEMO_PASSWORD, load_demo
from adminpanel.models import AdminUser

HIGHEST_PORT = 65535
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Command(BaseCommand):
    """Migrates, loads demo data into an empty database, prints address and login, serves until Ctrl-C."""

    help = "Migrate, load demo data into an empty database, print the admin's address and login, and serve it."
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to serve, and what to leave out."""
        parser.add_argument("--host", default="127.0.0.1", help="address to serve on (127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="port to serve on (8000)")
        parser.add_argument("--no-demo", action="store_true", help="load no demo data")
        parser.add_argument("--no-serve", action="store_true", help="stop before serving")

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        """Migrate, load, announce and serve; a port that is in use is refused before anything else."""
        if not settings.DEBUG:
            raise CommandError(
                "up is for development, and DEBUG is off. In production run manage.py collectstatic, manage.py migrate, "
                "manage.py create_first_superuser, then gunicorn; docs/deployment.md explains each step."
            )
        if not options["no_serve"]:
            self._refuse_taken_port(host, port)
        self._say("Migrating the database ...")
        call_command("migrate", interactive=False, verbosity=options["verbosity"])
        if not options["no_demo"]:
            self._say("Loading demo data, if the database is empty ...")
            if load_demo(at=timezone.now()):
                self._say("Loaded demo data: 4 locations, 8 staff, 300 customers, 600 bookings around today.")
        self._announce(host, port)
        if not options["no_serve"]:
            self._serve(host, port)

    def _say(self, line: str) -> None:
        """Print a line at once, also where the output is a file or a pipe."""
        self.stdout.write(line)
        self.stdout.flush()

    def _refuse_taken_port(self, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OverflowError:
                raise CommandError(
                    f"{port} is not a port. Choose one from 1 to {HIGHEST_PORT}: make up ARGS='--port 8000'"
                ) from None
            except OSError as error:
                raise CommandError(_why_not(host, port, error)) from error

    def _announce(self, host: str, port: int) -> None:
        address = f"[{host}]" if ":" in host else host
        self.stdout.write(self.style.SUCCESS(f"\n  Admin   http://{address}:{port}{reverse('admin:index')}"))
        demo = AdminUser.objects.filter(email=DEMO_EMAIL, is_active=True).first()
        if demo is not None and demo.check_password(DEMO_PASSWORD):
            self.stdout.write(self.style.SUCCESS(f"  Login   {DEMO_EMAIL}  {DEMO_PASSWORD}\n"))
            if host not in LOOPBACK:
                self.stderr.write(self.style.WARNING(f"  Other machines may reach {host}, and this login is public.\n"))
        elif AdminUser.objects.filter(is_superuser=True).exists():
            self.stdout.write("  Login   with your own account\n")
        else:
            self.stdout.write("  Login   no account exists; create one with manage.py create_first_superuser\n")

    def _serve(self, host: str, port: int) -> None:
        self.stdout.write("  Press Ctrl-C to stop.\n")
        self.stdout.flush()
        os.environ["DJANGO_RUNSERVER_HIDE_WARNING"] = "true"
        address = f"[{host}]" if ":" in host else host
        call_command("runserver", f"{address}:{port}", use_reloader=False, skip_checks=True, use_ipv6=":" in host)


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        free = port + 1 if port < HIGHEST_PORT else 8000
        return f"Port {port} on {host} is in use. Choose another: make up ARGS='--port {free}'"
    if error.errno == errno.EACCES:
        return f"Port {port} is reserved for root. Choose one above 1023: make up ARGS='--port 8000'"
    return f"Cannot serve on {host}: {error.strerror or error}. Use an address of this machine: make up ARGS='--host 127.0.0.1'"

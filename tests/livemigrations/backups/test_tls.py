"""A server that wants TLS: every program and process of ours passes the options on, and shows no password."""

from __future__ import annotations

import shutil
import signal
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import OperationalError
from psycopg.conninfo import make_conninfo

from livemigrations.backups.creation import create
from tests.livemigrations.backups.conftest import Open
from tests.livemigrations.backups.shop import SLOW, Shop
from tests.support import loud, postgres
from tests.support.database import Database, fresh
from tests.support.postgres import Fleet, PgServer
from tests.support.waiting import wait_until

SECRET = "s3cr3t-of-tls"
HOST = f"127.{uuid.uuid4().int % 200 + 20}.7.9"  # an address of its own, so that the port is free
HBA = "local all teppan trust\nhostnossl all all 127.0.0.0/8 reject\nhostssl all all 127.0.0.0/8 scram-sha-256\n"


@dataclass(frozen=True)
class TlsServer(PgServer):
    """A server that is reached by TCP and TLS only, its certificate checked."""

    certificate: Path = Path()

    def dsn(self, dbname: str = "postgres") -> str:
        return make_conninfo(
            host=HOST,
            user="clerk",
            password=SECRET,
            dbname=dbname,
            sslmode="verify-full",
            sslrootcert=str(self.certificate),
        )

    def url(self, dbname: str = "postgres") -> str:
        ways = f"sslmode=verify-full&sslrootcert={quote(str(self.certificate), safe='/')}"
        return f"postgres://clerk:{SECRET}@{HOST}:5432/{dbname}?{ways}"


def certify(folder: Path, host: str) -> Path:
    """A certificate that signs itself, and its key beside it."""
    folder.mkdir()
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=teppan",
               "-addext", f"subjectAltName=IP:{host}", "-keyout", str(folder / "key"), "-out", str(folder / "crt")]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return folder / "crt"


@pytest.fixture(scope="module")
def tls_server(pg_server_15: PgServer) -> Iterator[TlsServer]:
    if not shutil.which("openssl"):
        loud.skip("TLS: there is no openssl to make a certificate with")
    fleet, options = Fleet.create(), dict(postgres.OPTIONS)
    certificate = certify(fleet.root / "tls", HOST)
    owner = fleet.root.stat()
    for path in (certificate.parent, certificate, certificate.with_name("key")):
        shutil.chown(path, owner.st_uid, owner.st_gid)
    certificate.with_name("key").chmod(0o600)
    ssl = {"ssl": "on", "ssl_cert_file": str(certificate), "ssl_key_file": str(certificate.with_name("key"))}
    try:
        postgres.OPTIONS.update(listen_addresses=HOST, log_connections="on", **ssl)
        plain = fleet.server(15)
        with plain.connect() as admin:
            admin.execute(f"CREATE ROLE clerk LOGIN SUPERUSER PASSWORD '{SECRET}'")
            (plain.home / "data" / "pg_hba.conf").write_text(HBA)
            admin.execute("SELECT pg_reload_conf()")
        yield TlsServer(plain.home, plain.programs, certificate)
    finally:
        postgres.OPTIONS.clear()
        postgres.OPTIONS.update(options)
        fleet.stop()


@pytest.fixture
def tls_database(tls_server: TlsServer) -> Iterator[Database]:
    with fresh(tls_server) as database:
        yield database


@pytest.mark.slow
def test_everything_goes_by_tls(tls_database: Database, open_shop: Open) -> None:
    shop = open_shop(tls_database)
    before = shop.rows()
    shop.backup("create")
    shop.backup("create", "--name", "two", "--format", "directory", "--jobs", "2")
    shop.backup("verify")
    shop.sql("DELETE FROM booking")
    shop.backup("restore", "latest", "--no-input", "--drop-old")
    assert shop.rows() == before
    server = shop.site.database.server
    log = server.log.read_text()
    logins = [line for line in log.splitlines() if "connection authorized: user=clerk" in line]
    assert all("SSL enabled" in line for line in logins)
    assert {"pg_dump", "pg_restore"} <= {word for line in logins for word in ("pg_dump", "pg_restore") if word in line}
    written = "".join(path.read_text(errors="replace") for path in shop.folder.rglob("*") if path.is_file())
    assert SECRET not in written
    shop.connection.close()


@pytest.mark.slow
def test_the_watchdog_goes_by_tls(tls_database: Database, open_shop: Open) -> None:
    shop = open_shop(tls_database)
    shop.sql(SLOW)
    shop.backup("create")
    with shop.process("restore", "latest", "--no-input") as restoring:
        wait_until(lambda: _is_slow(shop))
        seen = [path.read_bytes().replace(b"\0", b" ") for path in _command_lines()]
        restoring.send_signal(signal.SIGKILL)
    assert any(b"pg_restore" in line and HOST.encode() in line and b"sslmode=verify-full" in line for line in seen)
    assert not any(SECRET.encode() in line for line in seen)
    wait_until(lambda: shop.databases() == [])
    shop.connection.close()


def _command_lines() -> Iterator[Path]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            path.read_bytes()
        except OSError:
            continue
        yield path


def _is_slow(shop: Shop) -> bool:
    with shop.site.database.server.connect() as connection:
        query = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND starts_with(datname, %s)"
        return connection.execute(query, [f"{shop.site.database.name}_restoring_"]).fetchone() is not None


def test_a_server_that_is_not_the_one(tls_database: Database, open_shop: Open, tmp_path: Path) -> None:
    """Another certificate, and no TLS at all: refused, and pg_dump is never asked."""
    shop = open_shop(tls_database)
    shop.connection.close()
    options = shop.connection.settings_dict["OPTIONS"]
    for change, said in (
        ({"sslrootcert": str(certify(tmp_path / "other", HOST))}, "certificate verify failed"),
        ({"sslmode": "disable"}, "pg_hba.conf rejects connection"),
    ):
        shop.connection.settings_dict["OPTIONS"] = {**options, **change}
        with pytest.raises(OperationalError, match=said):
            create(shop.connection)
        assert shop.left() == []
    shop.connection.settings_dict["OPTIONS"] = options

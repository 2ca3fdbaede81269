"""Where the embedded server keeps its data, its socket and its log."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from config.embedded import account as accounts
from config.embedded.account import Account
from config.embedded.errors import NoRights

CHECKOUT = Path(__file__).resolve().parents[2]
SOCKET_PATH_LIMIT = 107
SOCKET_FILE = ".s.PGSQL.5432"


@dataclass(frozen=True)
class Places:
    """The folder of one embedded server, and everything whose place follows from it."""

    home: Path

    @property
    def data(self) -> Path:
        """The data folder in the narrow sense, with ``PG_VERSION`` in it."""
        return self.home / "data"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.home / "server.log"

    @property
    def clients(self) -> Path:
        """One locked file for each process that needs the server to go on."""
        return self.home / "clients"

    @property
    def socket(self) -> Path:
        """The folder of the Unix socket: short, equal for all processes, private to the server's account."""
        digest = hashlib.sha256(os.fsencode(self.data.resolve())).hexdigest()[:12]
        return temporary() / f"teppan-{digest}"

    def make(self, account: Account) -> None:
        """Create the folder and the socket's folder for ``account``; raises NoRights when one is not ours."""
        if self.home.parent == outside():
            make_outside()
        for folder in (self.home, self.clients, self.socket):
            try:
                if not folder.exists():
                    _appear(folder, account)
            except OSError as error:
                message = f"{account.name} cannot create {folder}: {error.strerror}. {self._remedy}"
                raise NoRights(message) from error
            self._refuse_foreign(folder, account)
        if not self._lock.exists():
            self._lock.touch()
            account.own(self._lock, 0o600)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock under which the server is created, started and stopped."""
        with self._lock.open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    @property
    def _lock(self) -> Path:
        return self.home / "lock"

    @property
    def _remedy(self) -> str:
        return "Set TEPPAN_PGDATA to a folder of your own, or DATABASE_URL to another server."

    def _refuse_foreign(self, folder: Path, account: Account) -> None:
        found = folder.lstat()
        if folder.is_symlink() or not folder.is_dir() or found.st_uid != account.uid:
            raise NoRights(
                f"{folder} must be a folder that belongs to {account.name}, but it is a link or belongs to "
                f"user ID {found.st_uid}. {self._remedy}"
            )


def find() -> tuple[Places, Account]:
    """Return the places of this checkout's server and the account that owns them; reads, creates nothing.

    ``TEPPAN_PGDATA`` wins, then ``.pgdata`` in the checkout. Root, whose checkout the lent account cannot
    enter, gets a folder under /var/lib: the permissions of folders that are not ours stay as they are.
    """
    given = os.environ.get("TEPPAN_PGDATA", "")
    home = Path(given).expanduser().absolute() if given else CHECKOUT / ".pgdata"
    account = accounts.choose(home)
    if account.lent and not given and not account.reaches(home):
        home = outside() / "pgdata"
        account = accounts.choose(home)
    nearest = next(path for path in home.parents if path.exists())
    if account.lent and not account.reaches(nearest / home.name):
        raise NoRights(
            f"PostgreSQL runs as {account.name}, because it refuses to run as root, and {account.name} cannot enter {nearest}. "
            "Set TEPPAN_PGDATA to a folder that it can reach, or TEPPAN_PG_ACCOUNT to an account that can."
        )
    return Places(home), account


def outside() -> Path:
    """Return root's folder for a checkout that the lent account cannot enter; it is one per checkout."""
    digest = hashlib.sha256(os.fsencode(CHECKOUT)).hexdigest()[:12]
    base = Path("/var/lib") if os.access("/var/lib", os.W_OK) else temporary()
    return base / "teppan" / f"{CHECKOUT.name}-{digest}"


def make_outside() -> Path:
    """Create that folder, open to be entered by everybody; raises NoRights when somebody else made it."""
    folder = outside()
    for path in (folder.parent, folder):
        if not path.exists():
            path.mkdir()
            path.chmod(0o755)
        if path.lstat().st_uid != os.geteuid() or path.is_symlink():
            raise NoRights(f"{path} belongs to another user. Delete it, or set TEPPAN_PGDATA and PG_BIN.")
    return folder


def _appear(folder: Path, account: Account) -> None:
    """Create a private folder of ``account`` in one step: nobody sees it while it still belongs to root."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    unborn = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        account.own(unborn, 0o700)
        unborn.rename(folder)
    except OSError:
        unborn.rmdir()
        if not folder.is_dir():
            raise


def temporary() -> Path:
    """Return /tmp where there is one: TMPDIR differs between processes that have to meet at one socket."""
    common = Path("/tmp")  # noqa: S108
    folder = common if os.access(common, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())
    longest = folder / f"teppan-{'0' * 12}" / SOCKET_FILE
    if len(os.fsencode(longest)) > SOCKET_PATH_LIMIT:
        raise NoRights(
            f"{longest} is too long for the path of a Unix socket. Set TMPDIR to a folder with a shorter path."
        )
    return folder

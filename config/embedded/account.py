"""As whom the server runs: PostgreSQL refuses to be root, so root lends it another account."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.embedded.errors import NoRights

LENT_ACCOUNTS = ("postgres", "nobody", "daemon")


@dataclass(frozen=True)
class Account:
    """An account of the operating system, and whether a child process has to change to it."""

    name: str
    uid: int
    gid: int
    groups: frozenset[int]
    lent: bool

    def popen(self, cwd: Path) -> dict[str, Any]:
        """Return the keyword arguments that make ``subprocess`` run a program as this account in ``cwd``."""
        base: dict[str, Any] = {"cwd": cwd, "start_new_session": True}
        if not self.lent:
            return base
        return base | {"user": self.uid, "group": self.gid, "extra_groups": sorted(self.groups - {self.gid})}

    def may(self, path: Path, bits: int) -> bool:
        """Tell whether the permission ``bits`` (4 read, 2 write, 1 execute) of one path are granted."""
        try:
            found = path.stat()
        except OSError:
            return False
        if found.st_uid == self.uid:
            granted = found.st_mode >> 6
        elif found.st_gid in self.groups:
            granted = found.st_mode >> 3
        else:
            granted = found.st_mode
        return granted & bits == bits

    def reaches(self, path: Path) -> bool:
        """Tell whether every folder above ``path`` lets this account through."""
        return all(self.may(parent, 1) for parent in path.resolve().parents)

    def own(self, path: Path, mode: int) -> None:
        """Give a path that we made to this account; nothing above or below it is touched."""
        if self.lent:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)
        if not stat.S_ISLNK(path.lstat().st_mode):
            path.chmod(mode)


def choose(home: Path) -> Account:
    """Return the account for the server whose files are in ``home`` (which need not exist yet).

    An ordinary user is that account. Root takes ``TEPPAN_PG_ACCOUNT``, else the owner of the files, else that
    of the checkout, else the first of LENT_ACCOUNTS. Raises NoRights when there is none.
    """
    if os.geteuid() != 0:
        return _account(pwd.getpwuid(os.geteuid()) if _known(os.geteuid()) else None, lent=False)
    wanted = os.environ.get("TEPPAN_PG_ACCOUNT", "")
    for entry in _named([wanted]) if wanted else [*_owners(home), *_named(LENT_ACCOUNTS)]:
        if entry.pw_uid != 0:
            return _account(entry, lent=True)
    if wanted in {"root", "0"}:
        culprit = "PostgreSQL refuses to run as root, so TEPPAN_PG_ACCOUNT=root is not allowed."
    elif wanted:
        culprit = f"TEPPAN_PG_ACCOUNT={wanted} is not an account of this machine."
    else:
        culprit = f"PostgreSQL refuses to run as root, and this machine has none of {', '.join(LENT_ACCOUNTS)}."
    raise NoRights(f"{culprit} Set TEPPAN_PG_ACCOUNT to an existing account other than root, or run as another user.")


def _known(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _owners(home: Path) -> list[pwd.struct_passwd]:
    nearest = next(path for path in (home, *home.parents) if path.exists())
    uids = [nearest.stat().st_uid, Path(__file__).stat().st_uid]
    return [pwd.getpwuid(uid) for uid in uids if uid != 0 and _known(uid)]


def _named(names: list[str] | tuple[str, ...]) -> list[pwd.struct_passwd]:
    present = {entry.pw_name: entry for entry in pwd.getpwall()}
    return [present[name] for name in names if name in present]


def _account(entry: pwd.struct_passwd | None, *, lent: bool) -> Account:
    if entry is None:
        return Account(str(os.geteuid()), os.geteuid(), os.getegid(), frozenset(os.getgroups()), lent=False)
    member = {group.gr_gid for group in grp.getgrall() if entry.pw_name in group.gr_mem}
    groups = frozenset({entry.pw_gid, *member} if lent else {os.getegid(), *os.getgroups()})
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, groups, lent)

"""Mails, caches and tasks that go nowhere: what the Python of a migration is given while it is only rehearsed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.core import mail
from django.core.cache import CacheHandler
from django.core.cache.backends.dummy import DummyCache
from django.core.mail import handler as mail_handler
from django.core.mail.backends.base import BaseEmailBackend
from django.db.backends.base.base import BaseDatabaseWrapper
from django.tasks import TaskBackendHandler
from django.tasks.backends.dummy import DummyBackend
from django.utils.connection import BaseConnectionHandler
from django.utils.module_loading import import_string


class Mailer(BaseEmailBackend):
    """Takes every mail and sends none, whatever the options of the mailer that it stands in for."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(alias=options.get("alias"))

    def send_messages(self, email_messages: Iterable[Any]) -> int:
        return len(list(email_messages))


class Cache(DummyCache):
    """Keeps nothing. What the project's own backend can do beyond Django's does nothing."""

    def __init__(self, kind: type, parameters: dict[str, Any]) -> None:
        super().__init__("", parameters)
        self._kind = kind

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith("_") or not hasattr(self._kind, name):
            raise AttributeError(f"{self._kind.__name__!r} object has no attribute {name!r}")
        return lambda *args, **options: None


class Tasks(DummyBackend):
    """Accepts every task and runs none; nobody is told of it."""

    def _store_result(self, result: Any) -> None:
        self.results.append(result)


def substitute(active: Callable[[], bool]) -> None:
    """Have mailers, caches and task backends lead nowhere wherever ``active`` says so. Call it once in a process."""
    for module in (mail, mail_handler):
        vars(module)["import_string"] = _importing(active)
    _divert(CacheHandler, active, _cache)
    _divert(TaskBackendHandler, active, _tasks)
    _silence_hooks(active)


def _importing(active: Callable[[], bool]) -> Callable[[str], Any]:
    """How Django's mail modules find the class of a backend, by any of their settings."""
    return lambda path: Mailer if active() else import_string(path)


def _divert(kind: type[BaseConnectionHandler[Any]], active: Callable[[], bool], make: Callable[..., Any]) -> None:
    usual = kind.__getitem__

    def find(handler: Any, alias: str) -> Any:
        if not active() or alias not in handler.settings:
            return usual(handler, alias)
        return make(alias, dict(handler.settings[alias]))

    kind.__getitem__ = find  # type: ignore[method-assign]


def _cache(alias: str, parameters: dict[str, Any]) -> Cache:
    kind = import_string(parameters.pop("BACKEND"))
    parameters.pop("LOCATION", None)
    return Cache(kind, parameters)


def _tasks(alias: str, parameters: dict[str, Any]) -> Tasks:
    return Tasks(alias, parameters)


def _silence_hooks(active: Callable[[], bool]) -> None:
    """Nothing of a rehearsal is ever committed to the database that the hooks wait for."""
    usual = BaseDatabaseWrapper.on_commit

    def on_commit(connection: Any, func: Callable[[], object], robust: bool = False) -> None:
        if not active():
            usual(connection, func, robust)
        elif not callable(func):
            raise TypeError("on_commit()'s callback must be a callable.")

    BaseDatabaseWrapper.on_commit = on_commit  # type: ignore[method-assign, assignment]

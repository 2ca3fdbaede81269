"""What the database refuses outside of a step, in words."""

from __future__ import annotations

import psycopg
import pytest
from django.db import OperationalError, ProgrammingError

from livemigrations.engine.failures import explained, in_words
from livemigrations.errors import MissingRights, StepFailed, Unreachable


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


FULL = caused(OperationalError("could not extend file"), psycopg.errors.DiskFull())
DENIED = caused(ProgrammingError("permission denied for table t"), psycopg.errors.InsufficientPrivilege())
UNREACHED = caused(OperationalError("connection refused"), psycopg.OperationalError())
WRONG = caused(ProgrammingError("syntax error"), psycopg.errors.SyntaxError())


@pytest.mark.parametrize(
    ("error", "begun", "kind", "said"),
    [
        (FULL, False, StepFailed, "before the first step: could not extend file\nNothing was changed. Remedy"),
        (FULL, True, StepFailed, "between two steps: could not extend file\nWhat was done before is kept. Remedy"),
        (UNREACHED, True, StepFailed, "between two steps: connection refused\nWhat was done before is kept. Remedy"),
        (
            UNREACHED,
            False,
            Unreachable,
            "the address in the settings' DATABASES right?\nconnection refused\nNothing was",
        ),
        (DENIED, False, MissingRights, "permission denied for table t\nNothing was changed. Remedy"),
    ],
)
def test_explained(error: Exception, begun: bool, kind: type[Exception], said: str) -> None:
    found = explained(error, begun=begun)
    assert type(found) is kind
    assert said in str(found)


@pytest.mark.parametrize("begun", [False, True])
def test_what_others_explain_better_stays_as_it_is(begun: bool) -> None:
    assert explained(WRONG, begun=begun) is None


def test_in_words() -> None:
    with pytest.raises(MissingRights, match="permission denied"), in_words():
        raise DENIED
    with pytest.raises(ProgrammingError, match="syntax error"), in_words():
        raise WRONG

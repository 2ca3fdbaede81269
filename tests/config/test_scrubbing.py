"""Personal values are taken out of log lines; identifiers and numbers stay."""

from __future__ import annotations

import pytest

from config.scrubbing import scrub, scrubbed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no account jane.o'neil+x@mail.example.co.uk here", "no account [email] here"),
        ("/find/jane%40example.com/", "/find/[email]/"),
        ("GET /admin/?q=Jane+Doe&p=2 HTTP/1.1", "GET /admin/?[query] HTTP/1.1"),
        ("call +1 (916) 555-0123 now", "call [phone] now"),
        ("call 916-555-0123, (916) 555-0124 or 9165550125", "call [phone], [phone] or [phone]"),
        ("postgres://ann:secret@db.example/shop", "postgres://[credentials]@db.example/shop"),
        ("duplicate\nDETAIL:  Key (full_name)=(Jane Doe) already exists.\n", "duplicate\nDETAIL: [values]\n"),
        ("Key (name)=(Jane (the) Doe) already exists", "Key (name)=([values]) already exists"),
        ("DETAIL is cut: Failing row contains (1, Jane Doe).", "DETAIL is cut: Failing row contains ([values])."),
        ('invalid input syntax for type uuid: "Jane Doe"', "invalid input syntax for type uuid: [value]"),
        ("ValueError: invalid literal for int() with base 10: 'Jane'", "ValueError: invalid literal for int() with base 10: [value]"),
        ("['“Jane” is not a valid UUID.']", "['[value] is not a valid UUID.']"),
    ],
)  # fmt: skip
def test_personal_values(text: str, expected: str) -> None:
    assert scrubbed(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "/admin/bookings/booking/5b1f4b7e-9165-4155-5012-391655501234/change/",
        "5b1f4b7e916541555012391655501234",
        "2026-11-30T02:33:13.123456Z",
        "took 1234.567890 ms, 1234567 rows",
        'File "/app/config/settings.py", line 12, in <module>',
        'duplicate key value violates unique constraint "admin_users_email_key"',
        "is it ready? yes",
    ],
)
def test_what_is_not_personal_stays(text: str) -> None:
    assert scrubbed(text) == text


def test_fields_that_hold_personal_values_are_dropped_and_others_cleaned() -> None:
    event = {
        "event": "sent to jane@example.com",
        "email": "x",
        "request": object(),
        "count": 3,
        "ok": True,
        "nested": {"phone": "1", "to": ["jane@example.com"]},
    }
    assert scrub(None, "", event) == {
        "event": "sent to [email]",
        "count": 3,
        "ok": True,
        "nested": {"to": ["[email]"]},
    }

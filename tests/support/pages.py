"""Reads the forms of pages as a browser does."""

from __future__ import annotations

from html.parser import HTMLParser


class _Form(HTMLParser):
    """Collects what a browser would send for one form."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id, self.inside, self.sent = form_id, False, dict[str, str]()
        self.select = self.textarea = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = values.get("id") == self.form_id
        if not self.inside:
            return
        name = values.get("name", "")
        if tag == "select":
            self.select = name
        elif tag == "option" and self.select and ("selected" in values or self.select not in self.sent):
            self.sent[self.select] = values.get("value", "")
        elif tag == "textarea":
            self.textarea = name
            self.sent[name] = ""
        elif tag == "input" and name and values.get("type") not in {"submit", "button", "file"}:
            box = values.get("type") in {"checkbox", "radio"}
            if not box or "checked" in values:
                self.sent[name] = values.get("value", "on" if box else "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "select":
            self.select = ""
        elif tag == "textarea":
            # A browser drops the line break that Django renders after the opening tag.
            self.sent[self.textarea] = self.sent.get(self.textarea, "").removeprefix("\r\n").removeprefix("\n")
            self.textarea = ""

    def handle_data(self, data: str) -> None:
        if self.textarea:
            self.sent[self.textarea] += data


def form_values(page: str, form_id: str) -> dict[str, str]:
    """Return what a browser sends for the form ``form_id`` of a page when nothing was changed in it."""
    parser = _Form(form_id)
    parser.feed(page)
    parser.sent.pop("csrfmiddlewaretoken", None)
    return parser.sent

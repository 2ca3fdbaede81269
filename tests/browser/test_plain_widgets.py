"""The inputs of admin classes that derive from Django's ModelAdmin, as a host may have them, can be seen."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.support.database import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# The theme writes its colours into each page.
FORM = """
<style>:root { --color-base-300: rgb(209, 213, 219) }</style>
<div id="content"><fieldset>
  <input type="text" class="vTextField"><input type="password"><select><option>1</option></select>
  <textarea class="vLargeTextField"></textarea><input type="checkbox">
</fieldset></div>
"""
BORDERS = "nodes => nodes.map(node => getComputedStyle(node).borderTopWidth)"


def test_plain_inputs_have_a_border(page: Page) -> None:
    spec = find_spec("unfold")
    assert spec is not None
    assert spec.origin is not None
    page.set_content(FORM)
    page.add_style_tag(path=Path(spec.origin).parent / "static" / "unfold" / "css" / "styles.css")
    inputs = page.locator("input[type=text], input[type=password], select, textarea")
    assert set(inputs.evaluate_all(BORDERS)) == {"0px"}  # the theme alone hides them
    page.add_style_tag(path=ROOT / "core" / "static" / "core" / "css" / "staff.css")
    assert inputs.evaluate_all(BORDERS) == ["1px"] * 4

"""Each preflight code has a page with what an operator needs."""

from __future__ import annotations

import pytest

from fatecloud.checks.preflight import preflight_codes
from fatecloud.model.check import Code
from fatecloud.shipped import folder


@pytest.mark.parametrize("code", preflight_codes(), ids=lambda code: code.name)
def test_each_code_has_a_page_with_all_its_sections(code: Code) -> None:
    text = (folder("runbooks") / f"{code.name}.md").read_text()
    assert text.startswith(f"# {code.name}\n\n{code.severity.capitalize()}. {code.sentence}\n")
    for section in ("## Meaning", "## Confirm", "## Remedy", "## If left"):
        assert f"\n{section}\n\n" in text

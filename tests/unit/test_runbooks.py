"""Every code has its page, every page its code, and the reference page is up to date."""

from __future__ import annotations

import pytest

from fatecloud.checks.registry import all_codes
from fatecloud.cli.reference import FOLDER, PAGES
from fatecloud.model.check import Code
from fatecloud.shipped import folder

RUNBOOKS = folder("runbooks")


@pytest.mark.parametrize("code", all_codes().values(), ids=lambda code: code.name)
def test_each_code_has_a_page_with_all_its_sections(code: Code) -> None:
    text = (RUNBOOKS / f"{code.name}.md").read_text()
    assert text.startswith(f"# {code.name}\n\n{code.severity.capitalize()}. {code.sentence}\n")
    sections = [part.partition("\n\n") for part in text.split("\n## ")[1:]]
    assert [title for title, _, _ in sections] == ["Meaning", "Confirm", "Remedy", "If left"]
    assert all(body.strip() for _, _, body in sections)
    assert text.count("```") % 2 == 0


def test_every_page_has_a_code() -> None:
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == set(all_codes())


def test_a_code_is_declared_alike_wherever_it_is_used() -> None:
    assert all(
        name == code.name and name.isupper() and code.sentence.endswith(".") for name, code in all_codes().items()
    )


@pytest.mark.parametrize("name", PAGES)
def test_each_generated_page_is_what_the_code_says(name: str) -> None:
    assert (FOLDER / name).read_text() == PAGES[name](), "run: make docs"

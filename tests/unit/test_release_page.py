"""The page of the releases says what the catalogue says, and the catalogue says only what can be."""

import pytest

from fatecloud import catalogue
from fatecloud.components.registry import packages
from fatecloud.model.release import SEEN_ON, SEEN_STEPS
from fatecloud.report.releases_page import releases_page
from fatecloud.workflow.release_rows import component_rows, release_rows


@pytest.mark.parametrize("name", catalogue.names())
def test_what_was_seen_is_of_a_component_and_in_known_words(name: str) -> None:
    release = catalogue.load(name)
    assert set(release.seen) <= set(release.components) & set(packages())
    for steps in release.seen.values():
        assert set(steps) <= set(SEEN_STEPS)
        assert set(steps.values()) <= set(SEEN_ON)


@pytest.mark.parametrize("name", catalogue.names())
def test_a_release_that_says_that_it_was_never_run_was_not_seen(name: str) -> None:
    release = catalogue.load(name)
    assert bool(release.seen) != ("never run by us" in release.summary)


def test_each_component_of_each_release_has_a_row_with_its_generation() -> None:
    page = releases_page(component_rows(), release_rows())
    assert "| fate-1.11.4 | flow | 1.11.2 | v1 | " in page
    assert "| fate-2.2.0 | flow | 2.2.0 | v2 | " in page
    assert "| fate-1.9.2 | nodemanager | 2.4.7 | v2 |  |  |  |" in page
    for name in catalogue.names():
        deployed = set(catalogue.load(name).components) & set(packages())
        assert page.count(f"\n| {name} | ") == len(deployed) + bool(catalogue.load(name).fate)


def test_releases_are_listed_with_those_they_work_with() -> None:
    rows = {row.release: row for row in release_rows()}
    assert rows["fate-1.11.4"].partners == ("fate-1.9.2",)
    assert rows["fate-2.2.0"].partners == rows["fate-2.2.0"].replaces == ("fate-2.1.0",)
    assert rows["fate-2.2.0"].apart[0].startswith("from 1.0.0, before 2.0.0: flow 1 ")

"""Which versions of FATE run jobs with each other, as the catalogue says it."""

from itertools import combinations

import pytest

from fatecloud import catalogue
from fatecloud.model.compatibility import WorksWith, incompatibility

WITH_FATE = [name for name in catalogue.names() if catalogue.load(name).fate]


@pytest.mark.parametrize("name", WITH_FATE)
def test_a_release_works_with_itself_and_says_what_it_works_with(name: str) -> None:
    release = catalogue.load(name)
    assert release.works_with
    assert release.apart_from(release.fate) == ""


@pytest.mark.parametrize(("one", "other"), combinations(WITH_FATE, 2))
def test_two_releases_agree_about_each_other(one: str, other: str) -> None:
    first, second = catalogue.load(one), catalogue.load(other)
    assert bool(first.apart_from(second.fate)) == bool(second.apart_from(first.fate))


@pytest.mark.parametrize(
    ("one", "other"), [("fate-2.2.0", "2.1.0"), ("fate-1.11.4", "1.9.2"), ("fate-1.11.4", "1.10.0")]
)
def test_versions_of_one_line_work_together(one: str, other: str) -> None:
    assert catalogue.load(one).apart_from(other) == ""


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ("fate-1.11.4", "2.2.0", "at /v2/partner alone"),
        ("fate-2.2.0", "1.11.4", "at /v1/party"),
        ("fate-2.2.0", "2.0.0", "another header"),
        ("fate-1.11.4", "1.8.0", "before 1.9"),
    ],
)
def test_versions_of_two_lines_do_not_and_it_says_why(one: str, other: str, why: str) -> None:
    text = catalogue.load(one).apart_from(other)
    assert text.startswith(f"FATE {one.removeprefix('fate-')} and FATE {other} cannot run a job together: ")
    assert why in text


RANGE = WorksWith("1.9", "2.0", "older", "newer")


@pytest.mark.parametrize(
    ("version", "difference"),
    [
        ("1.9.0", ""),
        ("1.8.1", "older"),
        ("1.10", ""),
        ("1.99.9-release", ""),
        ("2", "newer"),
        ("2.0.0", "newer"),
        ("10.1", "newer"),
        ("", ""),
        ("unknown", ""),
        ("v2.2.0", ""),
    ],
)
def test_a_range_is_compared_number_by_number(version: str, difference: str) -> None:
    assert RANGE.difference(version) == difference


def test_nothing_is_held_against_a_version_after_the_newest_known_one() -> None:
    assert WorksWith("2.1.0", "", "older", "").difference("9.0") == ""


def test_nothing_is_said_without_a_version_or_a_range() -> None:
    assert incompatibility("2.2.0", RANGE, "") == ""
    assert incompatibility("", None, "2.2.0") == ""

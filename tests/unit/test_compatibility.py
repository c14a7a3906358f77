"""Which versions of FATE run jobs with each other, as the catalogue says it."""

from itertools import combinations

import pytest

from fatecloud import catalogue
from fatecloud.model.compatibility import Compatibility, Incompatible, incompatibility

WITH_FATE = [name for name in catalogue.names() if catalogue.load(name).fate]


@pytest.mark.parametrize("name", WITH_FATE)
def test_a_release_works_with_itself_and_says_with_what_it_does_not(name: str) -> None:
    release = catalogue.load(name)
    assert release.incompatible
    assert release.apart_from(release.fate) == ""


@pytest.mark.parametrize(("one", "other"), list(combinations(WITH_FATE, 2)))
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
        ("fate-1.11.4", "2.2.0", "/v2/partner"),
        ("fate-2.2.0", "1.11.4", "/v2/partner"),
        ("fate-2.2.0", "2.0.0", "header of a table"),
        ("fate-1.11.4", "1.8.0", "before 1.9"),
    ],
)
def test_versions_of_two_lines_do_not_and_it_says_why(one: str, other: str, why: str) -> None:
    text = catalogue.load(one).apart_from(other)
    assert text.startswith(f"FATE {one.removeprefix('fate-')} and FATE {other} cannot run a job together: ")
    assert why in text


RANGE = Incompatible("1.9", "2.0", "why")


@pytest.mark.parametrize(
    ("version", "held"),
    [
        ("1.9.0", True),
        ("1.8.1", False),
        ("1.10", True),
        ("1.99.9-release", True),
        ("2", False),
        ("2.0.0", False),
        ("10.1", False),
        ("", False),
        ("unknown", False),
        ("v1.9.0", False),
    ],
)
def test_a_range_is_compared_number_by_number(version: str, held: bool) -> None:  # noqa: FBT001
    assert RANGE.has(version) is held
    assert bool(incompatibility("3.0", [RANGE], version)) is held


def test_a_range_may_have_no_end() -> None:
    assert Incompatible("2.1.0", "", "why").has("9.0")


def test_parties_are_apart_by_their_versions_and_never_for_want_of_one() -> None:
    known = Compatibility({"1": "1.11.4", "2": "2.2.0", "3": "2.2.0"}, {frozenset({"1.11.4", "2.2.0"}): "why"})
    assert known.apart("1", "2") == known.apart("3", "1") == "why"
    assert known.apart("2", "3") == known.apart("1", "4") == known.apart("4", "5") == ""
    assert known.having("2.2.0") == ("2", "3")

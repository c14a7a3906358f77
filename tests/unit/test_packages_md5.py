"""Upstream's lists of MD5 sums, in every form in which they come, and what is not as they say."""

from __future__ import annotations

from pathlib import Path

import pytest
from package_world import archive_of, found_in, install_set, layout, md5, md5_list, tar_of

from fatecloud.artifacts.packages.md5 import begins_list, parse
from fatecloud.errors import ArtifactError

MODULES = {
    "eggroll": archive_of("eggroll@3.2.0", "eggroll"),
    "osx": archive_of("osx@1.1.0", "osx"),
    "bin": tar_of({"bin/x": b""}),
}
GOOD = md5_list(MODULES)
LIST = "fate_install_2.2.0_release/packages_md5.txt"


@pytest.mark.parametrize(
    "listing",
    [
        GOOD,
        GOOD.replace("\n", "\r\n"),
        f"\ufeff{GOOD}\n\n",
        GOOD.upper().replace("EGGROLL", "eggroll").replace("OSX", "osx").replace("BIN", "bin"),
        "".join(f"{md5(content)}  ./build/dist/{name}.tar.gz\n" for name, content in MODULES.items()),
        "".join(f"{md5(content)} *{name}.tar.gz\r\n" for name, content in MODULES.items()),
        "".join(f"/data/projects/{name}:{md5(content)}\n" for name, content in MODULES.items()),
    ],
    ids=["upstream", "crlf", "bom", "capitals", "prefixes", "binary", "directories"],
)
def test_every_form_of_a_list_is_compared(listing: str, tmp_path: Path) -> None:
    made = found_in(tmp_path, set=install_set("2.2.0", MODULES, listing))
    assert {found.listed_by(made.lists) for found in made.found} == {f"set: {LIST}"}
    assert len(made.found) == 2


def test_a_module_that_was_renamed_is_still_the_one_that_is_listed(tmp_path: Path) -> None:
    renamed = {f"other-{name}": content for name, content in MODULES.items()}
    made = found_in(tmp_path, set=install_set("2.2.0", renamed, GOOD))
    assert all(found.listed_by(made.lists) for found in made.found)


def test_a_module_with_another_sum_is_named_with_both(tmp_path: Path) -> None:
    listing = GOOD.replace(md5(MODULES["osx"]), "0" * 32)
    with pytest.raises(ArtifactError) as caught:
        found_in(tmp_path, set=install_set("2.2.0", MODULES, listing))
    assert caught.value.message == (
        f"set: fate_install_2.2.0_release/osx.tar.gz: expected MD5 {'0' * 32} by packages_md5.txt, got "
        f"{md5(MODULES['osx'])}"
    )


def test_a_module_that_is_not_an_archive_any_more_is_named_as_well(tmp_path: Path) -> None:
    files = {"s/osx.tar.gz": b"", "s/eggroll.tar.gz": MODULES["eggroll"], "s/list": GOOD.partition("bin:")[0].encode()}
    with pytest.raises(ArtifactError, match=f"set: s/osx.tar.gz: expected MD5 {md5(MODULES['osx'])} by list, got"):
        found_in(tmp_path, set=tar_of(files))


def test_a_module_that_is_listed_and_absent_makes_the_set_not_whole(tmp_path: Path) -> None:
    rest = {name: content for name, content in MODULES.items() if name != "bin"}
    with pytest.raises(ArtifactError, match=r"set: the set is not whole: set: .*packages_md5\.txt names bin"):
        found_in(tmp_path, set=install_set("2.2.0", rest, GOOD))


def test_an_archive_that_the_list_does_not_name_is_refused(tmp_path: Path) -> None:
    listing = "".join(line for line in GOOD.splitlines(keepends=True) if not line.startswith("eggroll"))
    with pytest.raises(ArtifactError, match=r"set: .*/eggroll\.tar\.gz is not in set: .*packages_md5\.txt"):
        found_in(tmp_path, set=install_set("2.2.0", MODULES, listing))


def test_a_line_of_another_form_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=f"set: {LIST}: line 4 is 'osx = none', expected `name:md5` or `md5  file`"):
        found_in(tmp_path, set=install_set("2.2.0", MODULES, f"{GOOD}osx = none\n"))


def test_of_files_that_were_given_some_may_be_absent_and_others_beside_them(tmp_path: Path) -> None:
    given = {"first": MODULES["eggroll"], "second": archive_of("fateboard@2.1.0", "fateboard"), "sums": GOOD.encode()}
    made = found_in(tmp_path, None, **given)
    (compared,) = made.lists
    assert (compared.matching, compared.absent, compared.unlisted) == (
        {"first": "eggroll"},
        ("osx", "bin"),
        ("second",),
    )
    assert [bool(found.listed_by(made.lists)) for found in made.found] == [True, False]


def test_a_given_file_that_differs_from_a_given_list_is_refused(tmp_path: Path) -> None:
    given = {"eggroll.tar.gz": tar_of(layout("eggroll@3.2.0", "e")), "packages_md5.txt": GOOD.encode()}
    with pytest.raises(ArtifactError, match=r"^eggroll\.tar\.gz: expected MD5 .* by packages_md5\.txt, got"):
        found_in(tmp_path, None, **given)


def test_a_line_of_great_length_is_of_another_form() -> None:
    long = "a" + " " * 60_000
    assert not begins_list(long.encode())
    with pytest.raises(ValueError, match="line 1 is 'aaa"):
        parse("a" * 5000)


def test_texts_other_than_lists_are_left_alone() -> None:
    assert not begins_list(b"FATE=2.2.0\n")
    assert not begins_list(b"\xff\xfe\x00binary")
    assert not begins_list(b"")
    assert [(line.name, line.md5) for line in parse(f"a b.tar.gz:{'A' * 32}")] == [("a b.tar.gz", "a" * 32)]

"""Each kind of package is recognised by its layout, wherever it lies; each file that it needs is missed."""

from __future__ import annotations

from pathlib import Path

import pytest
from package_world import LAYOUTS, archive_of, found_in, jar, layout, tar_of, zip_of

from fatecloud.catalogue.packages import kinds
from fatecloud.errors import ArtifactError
from fatecloud.model.package import matches

KINDS = {kind.name: kind for kind in kinds()}
NEEDS = [(name, need) for name in LAYOUTS for need in KINDS[name.partition("@")[0]].needs]


def test_every_kind_has_a_layout_and_every_layout_a_kind() -> None:
    assert {name.partition("@")[0] for name in LAYOUTS} == set(KINDS)


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("top", ["", "some/directory"])
@pytest.mark.parametrize("pack", ["tar", "zip", "nested"])
def test_a_package_is_recognised_by_what_is_in_it(name: str, top: str, pack: str, tmp_path: Path) -> None:
    files = layout(name, top)
    plain = {path: content for path, content in files.items() if not path.endswith("@")}
    packed = {
        "tar": lambda: tar_of(files),
        "zip": lambda: zip_of(plain),
        "nested": lambda: tar_of({"a/thing.bin": zip_of({"deep/other": tar_of(files, "xz")})}, "bz2"),
    }[pack]()
    made = found_in(tmp_path, x=packed)
    (found,) = made.found
    assert (f"{found.kind.name}@{found.version}", found.folder.top) == (name, top)
    assert made.unused == ()
    assert found.files == len(files if pack != "zip" else plain)


@pytest.mark.parametrize(("name", "need"), NEEDS)
def test_one_that_lacks_a_file_is_refused_with_its_name(name: str, need: str, tmp_path: Path) -> None:
    files = {path: content for path, content in layout(name, "top").items() if not matches(path[4:].rstrip("@"), need)}
    mark = KINDS[name.partition("@")[0]].mark
    if not any(matches(path[4:].rstrip("@"), mark) for path in files):
        assert found_in(tmp_path, x=tar_of(files)).found == ()
        return
    with pytest.raises(ArtifactError, match="is not whole: expected") as caught:
        found_in(tmp_path, x=tar_of(files))
    assert caught.value.message.startswith("x: top: ")
    assert need.replace("|", " or ") in caught.value.message


@pytest.mark.parametrize("name", ["eggroll@3.2.0", "osx@1.1.0", "serving-proxy@2.1.7"])
def test_two_versions_inside_one_package_are_named_with_what_says_them(name: str, tmp_path: Path) -> None:
    version = name.partition("@")[2]
    files = layout(name)
    changed = next(path for path, content in files.items() if version.encode() in (content or b"") or version in path)
    if changed.endswith(".jar"):
        files["lib/core-9.9.9.jar"] = jar("org.fedai.eggroll", "core", "9.9.9")
        files["lib/osx-core-9.9.9.jar"] = jar("osx", "osx-core", "9.9.9")
        files["fate-serving-proxy-9.9.9.jar"] = jar("com.webank.ai.fate", "fate-serving-proxy", "9.9.9")
    else:
        files = {
            path: content and content.replace(b"=" + version.encode(), b"=9.9.9") for path, content in files.items()
        }
    with pytest.raises(ArtifactError, match="of two versions: ") as caught:
        found_in(tmp_path, x=tar_of(files))
    assert f"{version} by " in caught.value.message
    assert "9.9.9 by " in caught.value.message


def test_what_surrounds_a_package_may_say_its_version_or_contradict_it(tmp_path: Path) -> None:
    flow = {
        path: content for path, content in layout("fateflow@1.11.2", "fateflow").items() if path != "fateflow/fate.env"
    }
    files = {"set/fateflow.tar.gz": tar_of(flow), "set/fate.env": b"FATE=1.11.4\nFATEFlow=1.11.2\n"}
    (found,) = found_in(tmp_path, x=tar_of(files)).found
    assert (found.version, found.said_by) == ("1.11.2", "x: set/fate.env: FATEFlow")
    eggroll = {"set/eggroll.tar.gz": archive_of("eggroll@2.5.3"), "set/fate.env": b"EGGROLL=2.5.2\n"}
    with pytest.raises(
        ArtifactError, match=r"of two versions: 2\.5\.3 by lib/.*, 2\.5\.2 by x: set/fate\.env: EGGROLL"
    ):
        found_in(tmp_path, x=tar_of(eggroll))
    with pytest.raises(ArtifactError, match="FATE-Flow of no version"):
        found_in(tmp_path, x=tar_of(flow))


def test_a_version_that_is_none_is_refused(tmp_path: Path) -> None:
    files = layout("serving-admin@2.1.6")
    files["fate-serving-admin-2.1.6.jar"] = jar("com.webank.ai.fate", "fate-serving-admin", "../2")
    with pytest.raises(ArtifactError, match=r"'\.\./2' by .* is not a version"):
        found_in(tmp_path, x=zip_of(files))


def test_the_page_of_servings_admin_is_a_part_of_it_and_not_a_second_package(tmp_path: Path) -> None:
    files = layout("serving-admin@2.1.6")
    files["lib/fate-serving-admin-ui-2.1.6.jar"] = jar("com.webank.ai.fate", "fate-serving-admin-ui", "2.1.6")
    (found,) = found_in(tmp_path, x=zip_of(files)).found
    assert (found.kind.name, found.version) == ("serving-admin", "2.1.6")


def test_a_jar_alone_names_the_package_that_has_it(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"x: only the jar fateboard 2\.1\.0 of FATEBoard"):
        found_in(tmp_path, x=jar("fateboard", "fateboard", "2.1.0"))


def test_a_package_inside_another_one_is_found_and_archives_of_a_package_are_left_alone(tmp_path: Path) -> None:
    files = layout("fate@2.2.0", "fate") | layout("osx@1.1.0", "fate/osx")
    files["fate/examples/old.tar.gz"] = archive_of("osx@1.1.0")
    titles = [found.title for found in found_in(tmp_path, x=tar_of(files)).found]
    assert sorted(titles) == ["fate 2.2.0", "osx 1.1.0"]


def test_two_versions_of_a_package_in_a_set_are_refused_with_both_places(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="EggRoll of two versions in one set") as caught:
        found_in(tmp_path, one=archive_of("eggroll@3.2.0"), two=archive_of("eggroll@2.5.3", "eggroll"))
    assert "3.2.0 in one, 2.5.3 in two: eggroll" in caught.value.message

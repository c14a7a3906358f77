"""`release import` of what upstream publishes: whole sets or nothing, with what was recognised and what is missing."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
from modules import utility
from package_world import archive_of, install_set, layout, md5_list, tar_of, zip_of
from typer.testing import CliRunner

from fatecloud import catalogue
from fatecloud.artifacts.packages.bounds import Bounds
from fatecloud.artifacts.packages.record import kept_packages, packages_of, with_packages
from fatecloud.artifacts.store import Store, sha256_of
from fatecloud.cli.release import app
from fatecloud.errors import ArtifactError, NotTrusted
from fatecloud.model.service import Process
from fatecloud.model.trees import TreeUse
from fatecloud.model.wanted import Wanted
from fatecloud.resolve.trees import placed_trees
from fatecloud.signing.fingerprint import from_hex
from fatecloud.workflow import packages
from fatecloud.workflow.acceptance import Acceptance
from fatecloud.workflow.release import import_files, verify_store

TODAY = date(2026, 11, 29)
MODULES = {
    "eggroll": archive_of("eggroll@3.2.0", "eggroll"),
    "osx": archive_of("osx@1.1.0", "osx"),
    "fateboard": archive_of("fateboard@2.1.0", "fateboard"),
    "fate_flow": archive_of("fateflow@2.2.0", "fate_flow"),
    "fate": archive_of("fate@2.2.0", "fate"),
    "bin": tar_of({"bin/init_env.sh": b""}),
}
NESTED = zip_of(
    {
        "x/one": MODULES["eggroll"],
        "y/two": tar_of({"three": zip_of({"t": MODULES["osx"]})}),
        "z": MODULES["fateboard"],
    }
)
SERVING = ("serving-server@2.1.7", "serving-proxy@2.1.7", "serving-admin@2.1.6")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def files_of(tmp_path: Path, **contents: bytes) -> list[Path]:
    found = []
    for name, content in contents.items():
        found.append(tmp_path / name)
        found[-1].write_bytes(content)
    return found


def imported(files: list[Path], store: Store) -> list[str]:
    """What is said while these files, all of them confirmed, are imported; without the directory of the test."""
    said: list[str] = []
    given = Acceptance(confirmed=tuple(from_hex(sha256_of(file)) for file in files))
    import_files(files, store, said.append, given, TODAY)
    return [line.replace(f"{files[0].parent}/", "") for line in said]


def titles(store: Store) -> set[str]:
    return {kept.artifact.name for kept in kept_packages(store)}


ROLES = (
    ("eggroll", "eggroll"),
    ("eggroll", "osx"),
    ("fateflow", "osx"),
    ("fateboard", "fateboard"),
    ("fateflow", "fate"),
)
"""Role and module of AnsibleFATE."""


def cluster_install() -> bytes:
    """Unpacked trees, as FATE's builder puts them into `fate_cluster_install`; OSX lies inside of FATE there."""
    top = "fate_cluster_install_2.2.0_release"
    trees = layout("eggroll@3.2.0", f"{top}/eggroll-install/files/eggroll")
    trees |= layout("fate@2.2.0", f"{top}/fate-install/files/fate")
    trees |= layout("osx@1.1.0", f"{top}/fate-install/files/fate/osx")
    trees |= layout("fateboard@2.1.0", f"{top}/fate-install/files/fateboard")
    trees[f"{top}/python-install/files/Miniconda3-py310-Linux-x86_64.sh"] = b"#!/bin/sh\n"
    return tar_of(trees)


def ansible() -> bytes:
    """Archives in the directories of roles, as AnsibleFATE has them; OSX is there twice."""
    files = {f"AnsibleFATE/roles/{role}/files/{name}.tar.gz": MODULES[name] for role, name in ROLES}
    return tar_of({**files, "AnsibleFATE/deploy/bin@": b"../bin", "AnsibleFATE/bin/yq": b""})


@pytest.mark.parametrize(
    "given",
    [
        {"fate_install_2.2.0_release.tar.gz": install_set("2.2.0", MODULES)},
        {"fate_cluster_install.tgz": cluster_install()},
        {"AnsibleFATE_2.2.0_release_offline.tar.gz": ansible()},
        {"a": MODULES["eggroll"], "b.zip": MODULES["osx"], "c.whl": MODULES["fateboard"]},
        {"all": NESTED},
    ],
    ids=["install", "cluster", "ansible", "renamed", "nested"],
)
def test_the_same_packages_come_out_of_every_set_byte_for_byte(
    given: dict[str, bytes], store: Store, tmp_path: Path
) -> None:
    said = imported(files_of(tmp_path, **given), store)
    assert titles(store) == {"eggroll==3.2.0", "osx==1.1.0", "fateboard==2.1.0"}
    assert said[-1] == "fate-2.2.0: all of its packages are in the store"
    one = Store(tmp_path / "one")
    imported(files_of(tmp_path, **{name: MODULES[name] for name in ("eggroll", "osx", "fateboard")}), one)
    assert {k.artifact for k in kept_packages(one)} == {k.artifact for k in kept_packages(store)}
    assert verify_store(store, lambda _: None).unknown == ()
    assert list((store.root / "incoming").iterdir()) == []


def test_it_says_what_each_was_recognised_as_and_what_is_missing_under_upstreams_name(
    store: Store, tmp_path: Path
) -> None:
    some = {name: MODULES[name] for name in ("eggroll", "fate_flow", "bin")}
    said = imported(files_of(tmp_path, set=install_set("2.2.0", some)), store)
    top = "set: fate_install_2.2.0_release"
    pom = "META-INF/maven/org.fedai.eggroll/core/pom.properties"
    larger = "also in fate_install_2.2.0_release.tar.gz and fate_cluster_install_2.2.0_release.tar.gz"
    assert said == [
        (
            f"{top}/eggroll.tar.gz: eggroll: eggroll 3.2.0, by lib/core-3.2.0.jar: {pom}; "
            f"MD5 as in packages_md5.txt; for fate-2.2.0"
        ),
        (
            f"{top}/fate_flow.tar.gz: fate_flow: fateflow 2.2.0, by python/fate_flow/_info.py: __version__; "
            f"MD5 as in packages_md5.txt; not used: fate-1.11.4 needs 1.11.2; fate-1.9.2 needs 1.9.1"
        ),
        "fate-2.2.0: still missing:",
        f"  osx 1.1.0: osx.tar.gz, {larger}",
        f"  fateboard 2.1.0: fateboard.tar.gz, {larger}",
    ]


def test_what_a_node_gets_has_the_packages_files_links_and_rights(store: Store, tmp_path: Path) -> None:
    imported(files_of(tmp_path, osx=MODULES["osx"]), store)
    (kept,) = kept_packages(store)
    with tarfile.open(store.path(kept.artifact.sha256)) as archive:
        members = {member.name: member for member in archive}
    assert members["extension"].isdir()
    assert members["service.sh"].mode == 0o755
    assert members["conf/broker/broker.properties"].mode == 0o644
    assert {(m.uid, m.gid, m.mtime) for m in members.values()} == {(0, 0, 0)}


def test_serving_of_a_release_is_two_zips_of_it_and_one_of_the_release_before(store: Store, tmp_path: Path) -> None:
    said = imported(files_of(tmp_path, **{name: archive_of(name) for name in SERVING}), store)
    assert said[-1] == "serving-2.1.7: all of its packages are in the store"
    assert set(with_packages(catalogue.load("serving-2.1.7"), store).trees) >= {
        "serving-server",
        "serving-proxy",
        "serving-admin",
    }


def refused(store: Store, files: list[Path], match: str) -> str:
    """The message with which an import is refused, after which the store is as before."""
    with pytest.raises(ArtifactError, match=match) as caught:
        imported(files, store)
    assert kept_packages(store) == ()
    assert list(store.all()) == []
    assert not (store.root / "incoming").exists() or list((store.root / "incoming").iterdir()) == []
    return caught.value.message


def test_a_set_with_two_versions_leaves_nothing(store: Store, tmp_path: Path) -> None:
    files = files_of(tmp_path, osx=MODULES["osx"], new=MODULES["eggroll"], old=archive_of("eggroll@2.5.3"))
    message = refused(store, files, "EggRoll of two versions in one set")
    assert f"3.2.0 in {tmp_path}/new: eggroll, 2.5.3 in {tmp_path}/old" in message


def test_one_package_twice_with_different_files_leaves_nothing(store: Store, tmp_path: Path) -> None:
    other = layout("osx@1.1.0", "osx") | {"osx/more": b""}
    files = files_of(tmp_path, eggroll=MODULES["eggroll"], one=MODULES["osx"], two=tar_of(other))
    refused(store, files, "osx 1.1.0 is there twice with different files: in .*one: osx and in .*two: osx")


def test_of_two_imports_each_takes_what_a_release_needs(store: Store, tmp_path: Path) -> None:
    older = tar_of({"set/eggroll.tar.gz": archive_of("eggroll@2.0.1"), "set/osx.tar.gz": MODULES["osx"]})
    said = imported(files_of(tmp_path, older=older), store)
    assert said[0].endswith(
        "in no list of MD5 sums; not used: fate-1.11.4 needs 2.5.3; fate-1.4.5 needs 2.0.2; fate-1.9.2 needs 2.4.7; "
        "fate-2.1.0 needs 3.1.0; fate-2.2.0 needs 3.2.0"
    )
    imported(files_of(tmp_path, newer=MODULES["eggroll"]), store)
    assert titles(store) == {"osx==1.1.0", "eggroll==3.2.0"}


def test_a_truncated_file_among_good_ones_leaves_nothing(store: Store, tmp_path: Path) -> None:
    files = files_of(tmp_path, good=MODULES["osx"], bad=MODULES["eggroll"][:-200])
    refused(store, files, "bad: it is truncated")


def test_a_link_that_leads_out_of_the_package_though_not_of_its_archive_leaves_nothing(
    store: Store, tmp_path: Path
) -> None:
    files = layout("osx@1.1.0", "set/osx") | {"set/osx/conf/up@": b"../../other", "set/other": b""}
    refused(store, files_of(tmp_path, x=tar_of(files)), "'set/osx/conf/up' is a link that leads out of the package osx")


def test_packages_of_no_release_are_named_with_what_releases_need(store: Store, tmp_path: Path) -> None:
    message = refused(
        store, files_of(tmp_path, x=archive_of("eggroll@2.0.1")), "no release of this version needs eggroll"
    )
    assert "fate-2.2.0 needs eggroll 3.2.0: eggroll.tar.gz" in message


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("examples.tar.gz", tar_of({"examples/a.csv": b""}), "nothing in it that a release needs"),
        ("packages_md5.txt", md5_list(MODULES).encode(), "a list of MD5 sums alone"),
        ("a.csv", b"id,x0\n", "is not part of any release that this version knows"),
    ],
)
def test_what_is_none_of_it_is_refused(name: str, content: bytes, match: str, store: Store, tmp_path: Path) -> None:
    refused(store, files_of(tmp_path, **{name: content}), match)


def test_a_package_too_large_for_the_disk_or_for_nodes_leaves_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = files_of(tmp_path, x=MODULES["osx"])
    monkeypatch.setattr(packages, "BOUNDS", Bounds(package_files=5))
    refused(store, files, "x: osx: osx 1.1.0 has 9 files .* expected at most 5")
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10))
    refused(store, files, "incoming/.*: a copy of .*x needs .*, and 10 bytes are free")


def test_nothing_is_stored_before_someone_confirmed_all_files(store: Store, tmp_path: Path) -> None:
    files = files_of(tmp_path, one=MODULES["osx"], two=MODULES["eggroll"])
    first, second = (f"sha256:{sha256_of(file)}" for file in files)
    with pytest.raises(NotTrusted, match="no one confirmed them") as caught:
        import_files(files, store, lambda _: None, Acceptance(), TODAY)
    assert f"--confirm-fingerprint {first} --confirm-fingerprint {second}" in caught.value.remedy
    assert kept_packages(store) == ()
    asked: list[str] = []

    def yes(question: str) -> bool:
        asked.append(question)
        return True

    known = Acceptance(confirmed=(from_hex(sha256_of(files[0])),), ask=yes)
    import_files(files, store, lambda _: None, known, TODAY)
    assert f"{files[1]}: eggroll 3.2.0\n  {second}" in asked[0]
    assert first not in asked[0]
    assert titles(store) == {"osx==1.1.0", "eggroll==3.2.0"}


def test_one_unknown_file_among_packages_leaves_nothing(store: Store, tmp_path: Path) -> None:
    refused(store, files_of(tmp_path, good=MODULES["osx"], other=b"#!/bin/sh"), "other is not part of any release")


def test_a_jvm_inside_of_a_set_is_mentioned_and_not_taken(store: Store, tmp_path: Path) -> None:
    jvm = tar_of({"jdk8/bin/java": b"", "jdk8/jre/lib/amd64/server/libjvm.so": b""}, "xz")
    said = imported(files_of(tmp_path, all=tar_of({"roles/jdk.tar.xz": jvm, "osx": MODULES["osx"]})), store)
    assert "all: roles/jdk.tar.xz: a JVM; take it out and import it by itself, if a node needs one" in said
    assert titles(store) == {"osx==1.1.0"}


def test_another_build_of_the_same_version_replaces_the_first_and_says_so(store: Store, tmp_path: Path) -> None:
    imported(files_of(tmp_path, first=MODULES["osx"]), store)
    said = imported(files_of(tmp_path, second=tar_of(layout("osx@1.1.0", "osx") | {"osx/more": b""})), store)
    assert said[1] == "osx 1.1.0 replaces another one of this version, from first: osx"
    assert [kept.source for kept in kept_packages(store)] == [f"{tmp_path}/second: osx"]


def test_a_node_unpacks_what_was_packed_with_links_and_second_names(store: Store, tmp_path: Path) -> None:
    again = tarfile.TarInfo("board/copy.sh")
    again.type, again.linkname = tarfile.LNKTYPE, "board/service.sh"
    files = layout("fateboard@2.1.0", "board") | {"board/fateboard.jar@": b"fateboard-2.1.0.jar"}
    imported(files_of(tmp_path, board=tar_of(files, "gz", again)), store)
    (kept,) = kept_packages(store)
    (tmp_path / "node").mkdir()
    archive = io.BytesIO(store.path(kept.artifact.sha256).read_bytes())
    utility("fatecloud_unpack").Unpacking(str(tmp_path / "node")).archive(archive, "board")
    assert (tmp_path / "node" / "fateboard.jar").readlink() == Path("fateboard-2.1.0.jar")
    assert (tmp_path / "node" / "copy.sh").read_bytes() == (tmp_path / "node" / "service.sh").read_bytes()


def test_a_damaged_record_or_archive_counts_as_not_there(store: Store, tmp_path: Path) -> None:
    imported(files_of(tmp_path, osx=MODULES["osx"], eggroll=MODULES["eggroll"]), store)
    (store.root / "packages" / "osx-1.1.0.json").write_text('{"artifact": []}')
    (kept,) = kept_packages(store)
    store.path(kept.artifact.sha256).write_bytes(b"")
    assert kept_packages(store) == ()
    assert packages_of(catalogue.load("fate-2.2.0"), store) == {}


@pytest.fixture
def context(store: Store) -> Iterator[SimpleNamespace]:
    home = "/data/fate/x"
    return SimpleNamespace(
        release=catalogue.load("fate-2.2.0"),
        component=SimpleNamespace(name="broker"),
        home=home,
        data="/data/fate/data/x",
        logs="/data/fate/logs/x",
        tree=lambda name: f"{home}/trees/{name}",
    )


def test_a_component_uses_an_imported_package_as_a_tree(store: Store, tmp_path: Path, context: SimpleNamespace) -> None:
    wanted = Wanted(Process(("/bin/true",)), (), {}, trees=(TreeUse("osx"),))
    (placed,) = placed_trees(context, wanted)  # type: ignore[arg-type]
    assert not placed.tree.known
    imported(files_of(tmp_path, x=MODULES["osx"]), store)
    context.release = with_packages(context.release, store)
    (placed,) = placed_trees(context, wanted)  # type: ignore[arg-type]
    assert placed.tree.artifacts == (kept_packages(store)[0].artifact,)


def test_show_says_what_is_there_and_what_is_missing(store: Store, tmp_path: Path) -> None:
    imported(files_of(tmp_path, **{SERVING[0]: archive_of(SERVING[0])}), store)
    text = CliRunner().invoke(app, ["show", "serving-2.1.7", "--store", str(store.root)]).output
    assert "serving-server 2.1.7: in the store: " in text
    assert "serving-admin 2.1.6: missing: fate-serving-admin-2.1.6-release.zip" in text
    assert "not needed yet: only a group with a serving-admin needs it" in text

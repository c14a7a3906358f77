"""The JVMs of a node, as the collector finds and starts them: planted programs, and real ones where there are any."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fatecloud.collect.node import java, services
from fatecloud.collect.shapes import misshapen
from fatecloud.model.layout import for_collector

JVM = """#!/bin/sh
echo "$@" >> {calls}
cat >&2 <<END
Property settings:
    java.vm.name = {vm}
    java.version = {version}
    os.arch = amd64
    user.name = $(id -un)
END
exit {status}
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where JVMs are looked for."""
    folder = tmp_path / "jvm"
    folder.mkdir()
    monkeypatch.setattr(java, "PLACES", (f"{folder}/*",))
    monkeypatch.setattr(java, "which", lambda _: None)
    monkeypatch.setattr(java, "CHOSEN", f"{folder}/none")
    # Others must be able to run what is planted here, as "nobody".
    for parent in (tmp_path, *list(tmp_path.parents)[:2]):
        parent.chmod(0o755)
    return folder


def plant(place: Path, name: str, version: str, *, text: str = JVM, status: int = 0) -> Path:
    program = place / name / "bin" / "java"
    program.parent.mkdir(parents=True)
    calls = place.parent / "calls"
    calls.touch()
    calls.chmod(0o666)
    program.write_text(text.format(calls=calls, vm="OpenJDK 64-Bit Server VM", version=version, status=status))
    program.chmod(0o755)
    return program


def asked(**spec: Any) -> list[dict[str, Any]]:
    answer = java.javas({"layout": for_collector("/nowhere"), "javas": ["9999/a@n1"], **spec})
    assert not misshapen("javas", answer)
    assert answer["asked"]
    found: list[dict[str, Any]] = answer["found"]
    return found


def test_each_jvm_says_its_version_and_has_all_its_names(place: Path) -> None:
    plant(place, "java-17-openjdk", "17.0.12")
    plant(place, "jdk1.8.0_345", "1.8.0_345")
    (place / "default-java").symlink_to("java-17-openjdk")
    (place / "empty").mkdir()
    found = {tuple(entry["homes"]): entry for entry in asked()}
    assert {(entry["major"], entry["version"]) for entry in found.values()} == {(17, "17.0.12"), (8, "1.8.0_345")}
    assert (f"{place}/default-java", f"{place}/java-17-openjdk") in found
    assert not any(entry["problem"] for entry in found.values())


@pytest.mark.parametrize(
    ("version", "status", "problem"),
    [("17.0.12", 3, "user.name"), ("", 0, "user.name"), ("not a version", 0, "user.name")],
)
def test_one_that_is_none_is_named_and_not_used(place: Path, version: str, status: int, problem: str) -> None:
    plant(place, "jdk", version, status=status)
    (entry,) = asked()
    assert problem in entry["problem"]
    assert entry["major"] == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_root_starts_none_itself(place: Path) -> None:
    plant(place, "jdk", "17.0.12", text=JVM.replace("java.version = {version}", "java.version = 17.$(id -u)"))
    (entry,) = asked()
    assert entry["version"] != "17.0"
    assert entry["major"] == 17


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make files of others")
@pytest.mark.parametrize("whose", ["program", "library", "directory"])
def test_one_that_others_could_change_is_not_even_started(place: Path, whose: str) -> None:
    program = plant(place, "jdk", "17.0.12")
    library = place / "jdk" / "lib" / "server" / "libjvm.so"
    library.parent.mkdir(parents=True)
    library.touch()
    os.chown({"program": program, "library": library, "directory": place / "jdk"}[whose], 65534, 65534)
    (entry,) = asked()
    assert 'belongs to user "nobody"'.replace('"', "") in entry["problem"]
    assert (place.parent / "calls").read_text() == ""


def test_none_is_started_while_all_that_are_needed_are_on_record(place: Path, tmp_path: Path) -> None:
    program = plant(place, "jdk", "17.0.12")
    base = tmp_path / "base"
    (base / ".fatecloud").mkdir(parents=True)
    home = str(program.parent.parent)
    record = {"machine": {"java": {"9999/a@n1": {"home": home}, "9999/b@n1": {"home": "/gone"}}}}
    (base / ".fatecloud" / "manifest.json").write_text(json.dumps(record))
    quiet = java.javas({"layout": for_collector(str(base)), "javas": ["9999/a@n1"]})
    assert quiet == {"asked": False, "found": []}
    assert java.javas({"layout": for_collector(str(base)), "javas": []}) == quiet
    assert (place.parent / "calls").read_text() == ""
    for keys in (["9999/a@n1", "9999/b@n1"], ["9999/c@n1"]):
        assert java.javas({"layout": for_collector(str(base)), "javas": keys})["asked"]


def test_the_jvm_that_a_service_is_to_run_in_is_known_before_the_controller_has_read_the_node(tmp_path: Path) -> None:
    manifest = tmp_path / ".fatecloud" / "manifest.json"
    manifest.parent.mkdir()
    manifest.write_text(json.dumps({"machine": {"java": {"9999/a@n1": {"home": "/opt/jdk"}}}}))
    assert services._javas({"layout": for_collector(str(tmp_path)), "javas": ["9999/a@n1"]}) == {
        "9999/a@n1": "/opt/jdk/bin/java"
    }
    assert services._javas({"layout": for_collector(str(tmp_path))}) == {}
    manifest.write_text("{")
    assert services._javas({"layout": for_collector(str(tmp_path)), "javas": ["9999/a@n1"]}) == {}


def test_a_crowd_of_jvms_is_bounded(place: Path) -> None:
    for number in range(java.MOST + 4):
        plant(place, f"jdk-{number:02}", "17.0.12")
    assert len(asked()) == java.MOST


def test_a_start_that_fails_says_why_in_few_words(place: Path) -> None:
    text = """#!/bin/sh
echo "OpenJDK 64-Bit Server VM warning: something old" >&2
echo "Unrecognized VM option 'UseBiasedLocking'" >&2
echo "Error: Could not create the Java Virtual Machine." >&2
exit 1
"""
    bad, good = plant(place, "bad", "", text=text), plant(place, "good", "17.0.12")
    starts = {
        "a": {"argv": [str(bad), "-XX:-UseBiasedLocking", "-version"], "user": "no-such-user"},
        "b": {"argv": [str(good), "-version"], "user": "no-such-user"},
        "c": {"argv": ["/nowhere/bin/java", "-version"], "user": "no-such-user"},
    }
    found = java.java_starts({"java_starts": starts})
    assert not misshapen("java_starts", found)
    assert found["a"] == {"exit": 1, "said": "Unrecognized VM option 'UseBiasedLocking'"}
    assert found["b"] == {"exit": 0, "said": ""}
    assert found["c"]["exit"] is None
    assert "No such file" in found["c"]["said"]


def test_a_process_whose_program_was_replaced_is_seen(tmp_path: Path) -> None:
    home = tmp_path / "jdk"
    (home / "bin").mkdir(parents=True)
    program = home / "bin" / "java"
    program.write_bytes(Path(sys.executable).resolve().read_bytes())
    program.chmod(0o755)
    (home / "release").write_text('IMPLEMENTOR="X"\nJAVA_VERSION="17.0.13"\n')
    with subprocess.Popen(
        [program, "-I", "-S", "-c", "input()"], stdin=subprocess.PIPE, env={"PYTHONHOME": sys.base_prefix}
    ) as run:
        try:
            assert java.jvm_of(str(program), run.pid, None) == {"there": True, "version": "17.0.13", "replaced": False}
            fresh = home / "bin" / "java.new"
            fresh.write_bytes(program.read_bytes())
            fresh.chmod(0o755)
            fresh.rename(program)
            assert java.jvm_of(str(program), run.pid, None)["replaced"] is True
        finally:
            run.kill()
    program.unlink()
    assert java.jvm_of(str(program), None, None) == {"there": False, "version": "17.0.13", "replaced": None}


def test_where_no_one_may_look_at_the_process_the_age_of_its_program_shows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "java"
    program.parent.mkdir()
    program.touch(0o755)

    def refused(_: str) -> str:
        raise PermissionError

    monkeypatch.setattr(os, "readlink", refused)
    changed = program.stat().st_ctime
    assert java.jvm_of(str(program), 1, changed + 60)["replaced"] is False
    assert java.jvm_of(str(program), 1, changed - 60)["replaced"] is True
    assert java.jvm_of(str(program), 1, None)["replaced"] is None

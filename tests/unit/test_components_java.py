"""The settings and the command line of a service in a JVM, by the version of the JVM."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fatecloud.components.java import JVM_EXCEPTIONS, OVERHEAD, Flag, Jvm, Launch
from fatecloud.model.java import Java
from fatecloud.model.machine import Share

MIB = 1 << 20
JVM = Jvm(
    heap=Share(4, 256 * MIB, 4096 * MIB),
    direct=Share(8, 64 * MIB, 1024 * MIB),
    flags=(Flag("-XX:-UseBiasedLocking", until=17), Flag("-XX:+UseZGC", since=17)),
)
INSTALLED = sorted({path.resolve().parent.parent for path in Path("/usr/lib/jvm").glob("*/bin/java")})


def launched(java: Java, config: Mapping[str, Any] | None = None, place: str = "/data/fate") -> Launch:
    settings = {key.name: key.default for key in JVM.keys} | {"jvm.heap": 64 * MIB, "jvm.direct": 32 * MIB}
    context: Any = SimpleNamespace(
        java=java,
        config=settings | dict(config or {}),
        home=f"{place}/home",
        logs=f"{place}/logs",
        data=f"{place}/data",
        id=SimpleNamespace(slug="demo-9999-server"),
        written=lambda _: "",
    )
    return JVM.launch(context, "org.example.Main", ("/lib/*", "/conf"), ("-p", "8000"), {"module": "server"})


def a_java(major: int) -> Java:
    return Java(f"/usr/lib/jvm/java-{major}", major, "node")


def test_the_command_line_has_memory_traces_places_and_the_main_class() -> None:
    launch = launched(a_java(17))
    assert launch.argv == (
        "/usr/lib/jvm/java-17/bin/java",
        f"-Xms{64 * MIB}",
        f"-Xmx{64 * MIB}",
        f"-XX:MaxDirectMemorySize={32 * MIB}",
        f"-Xss{MIB}",
        "-XX:+ExitOnOutOfMemoryError",
        "-XX:+HeapDumpOnOutOfMemoryError",
        "-XX:HeapDumpPath=/data/fate/logs/dumps",
        "-XX:ErrorFile=/data/fate/logs/hs_err_pid%p.log",
        "-XX:+PerfDisableSharedMem",
        "-XX:-UseBiasedLocking",
        "-XX:+UseZGC",
        "-Xlog:gc*:file=/data/fate/logs/gc.log:time,uptime,level,tags:filecount=5,filesize=10m",
        "-Duser.home=/data/fate/data",
        "-Djava.io.tmpdir=/data/fate/home/run/tmp",
        "-Dmodule=server",
        "-cp",
        "/lib/*:/conf",
        "org.example.Main",
        "-p",
        "8000",
    )
    assert launch.directories == {"/data/fate/home/run/tmp": 0o700, "/data/fate/logs/dumps": 0o700}
    assert launch.environment["JAVA_HOME"] == "/usr/lib/jvm/java-17"
    assert launch.environment["PATH"].startswith("/usr/lib/jvm/java-17/bin:")


def test_the_flags_follow_the_version() -> None:
    old, new = launched(a_java(8)).argv, launched(a_java(25)).argv
    assert "-Xloggc:/data/fate/logs/gc.log" in old
    assert "-XX:+PrintGCDateStamps" in old
    assert not [word for word in old if word.startswith("-Xlog:")]
    assert not [word for word in new if "PrintGC" in word or "loggc" in word]
    assert "-XX:-UseBiasedLocking" in old
    assert "-XX:-UseBiasedLocking" not in new
    assert "-XX:+UseZGC" not in old


def test_without_the_log_of_collections_no_flag_mentions_it() -> None:
    for major in (8, 17):
        assert not [word for word in launched(a_java(major), {"jvm.gc_log": False}).argv if "gc" in word.lower()[:8]]


def test_it_needs_what_it_is_given_and_what_a_jvm_takes_besides() -> None:
    needs = launched(a_java(17)).needs
    assert needs.memory == 64 * MIB + 32 * MIB + OVERHEAD
    assert needs.heap == 64 * MIB


def test_a_directory_for_dumps_that_services_share_has_one_for_each() -> None:
    launch = launched(a_java(17), {"jvm.dumps": "/var/dumps"})
    assert "-XX:HeapDumpPath=/var/dumps/demo-9999-server" in launch.argv
    assert "/var/dumps/demo-9999-server" in launch.directories


def test_what_a_jvm_leaves_when_it_ends_badly_goes_after_a_time_but_not_from_a_directory_of_the_operators() -> None:
    paths = {residue.path: residue.days for residue in launched(a_java(17)).residues}
    assert paths == {"/data/fate/logs/dumps/*.hprof": 14, "/data/fate/logs/hs_err_pid*.log": 14}
    (crashes,) = launched(a_java(17), {"jvm.dumps": "/var/dumps"}).residues
    assert crashes.path == "/data/fate/logs/hs_err_pid*.log"


def test_the_trial_has_the_very_flags_but_leaves_the_log_alone() -> None:
    for major in (8, 17, 25):
        launch = launched(a_java(major))
        flags = [word for word in launch.argv if word.startswith("-X") and "gc" not in word.lower()]
        assert [word for word in launch.needs.java if word.startswith("-X") and "gc" not in word.lower()] == flags
        assert launch.needs.java[-1] == "-version"
        assert not [word for word in launch.needs.java if "gc.log" in word]


@pytest.mark.skipif(not INSTALLED, reason="there is no JVM on this machine")
@pytest.mark.parametrize("home", INSTALLED, ids=lambda home: str(home.name))
def test_real_jvms_start_with_these_flags(home: Path, tmp_path: Path) -> None:
    version = subprocess.run([home / "bin/java", "-version"], capture_output=True, text=True, check=True).stderr
    major = int(version.split('"')[1].removeprefix("1.").split(".")[0].split("-")[0])
    for name in ("home/run/tmp", "logs/dumps", "data"):
        (tmp_path / name).mkdir(parents=True)
    launch = launched(Java(str(home), major, "node"), place=str(tmp_path))
    trial = subprocess.run(launch.needs.java, capture_output=True, text=True, check=False)
    assert trial.returncode == 0, trial.stderr
    assert not list((tmp_path / "logs").glob("gc.log*"))
    # The whole command: the JVM comes up, and only then misses the class.
    real = subprocess.run(launch.argv, capture_output=True, text=True, check=False)
    assert "org.example.Main" in real.stderr
    assert list((tmp_path / "logs").glob("gc.log*"))


@pytest.mark.skipif(not shutil.which("java"), reason="there is no JVM on this machine")
def test_a_heap_that_the_machine_has_not_got_fails_the_trial() -> None:
    launch = launched(Java("/usr", 17, "node"), {"jvm.heap": 1 << 50})
    trial = subprocess.run(launch.needs.java, capture_output=True, text=True, check=False)
    assert trial.returncode != 0


def test_a_share_of_memory_has_bounds_and_says_them() -> None:
    share = Share(4, 256 * MIB, 4096 * MIB)
    assert [share.of(memory and memory * MIB) for memory in (None, 512, 8192, 1 << 20)] == [
        256 * MIB,
        256 * MIB,
        2048 * MIB,
        4096 * MIB,
    ]
    assert str(share) == "a quarter of the node's memory, from 256 to 4096 MiB"


def test_a_unit_allows_only_what_no_jvm_does_without() -> None:
    assert [(entry.directive, entry.value) for entry in JVM_EXCEPTIONS] == [("MemoryDenyWriteExecute", "no")]

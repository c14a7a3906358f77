"""What the logs of JVMs show of their memory and threads: lines of real ones, of all collectors and both forms."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from node_journal import printed

from fatecloud.collect.node import endings, heaps
from fatecloud.collect.node.reading import Unreadable

MIB = 1 << 20
START = "[2026-11-29T18:14:00.000+0000][0.010s][info][gc] Using G1\n"
G1 = """\
[2026-11-29T18:14:01.206+0000][1.075s][info][gc          ] GC(0) Pause Young (Normal) (G1 Evacuation Pause) 12M->5M(256M) 4.498ms
[2026-11-29T18:14:02.114+0000][1.984s][info][gc,start    ] GC(1) Pause Young (Normal) (G1 Evacuation Pause)
[2026-11-29T18:14:03.766+0000][6.636s][info][gc          ] GC(4) Pause Young (Concurrent Start) (Metadata GC Threshold) 144M->121M(256M) 80.327ms
[2026-11-29T18:14:04.000+0000][7.000s][info][gc          ] GC(5) Pause Remark 122M->122M(256M) 1.1ms
[2026-11-29T18:14:05.000+0000][8.000s][info][gc          ] GC(5) Pause Cleanup 123M->110M(256M) 0.2ms
"""  # noqa: E501 - lines of a log
MIXED = (
    "[2026-11-29T18:14:09.000+0000][9.0s][info][gc ] GC(6) Pause Young (Mixed) (G1 Evacuation Pause) "
    "130M->60M(256M) 5ms\n"
)
FULL = (
    "[2026-11-29T18:14:10.000+0000][10.0s][info][gc ] GC(7) Pause Full (G1 Compaction Pause) 255M->250M(256M) 99.5ms\n"
)
PARALLEL_8 = """\
2026-11-29T18:14:07.559+0000: 0.706: [GC (Allocation Failure) [PSYoungGen: 6144K->500K(7168K)] 6144K->2567K(30M), 0.0010 secs]
2026-11-29T18:14:08.559+0000: 1.706: [Full GC (Ergonomics) [PSYoungGen: 1024K->0K(9216K)] [ParOldGen: 20000K->8000K(20480K)] 21024K->8000K(29696K), [Metaspace: 2600K->2600K(1056768K)], 0.0100 secs]
"""  # noqa: E501
G1_8 = """\
2026-11-29T18:14:10.559+0000: 3.706: [GC cleanup 21M->20M(32M), 0.0009 secs]
2026-11-29T18:14:11.559+0000: 4.706: [GC pause (G1 Evacuation Pause) (mixed), 0.0041 secs]
   [Eden: 14.0M(14.0M)->0.0B(13.0M) Survivors: 0.0B->1024.0K Heap: 20.5M(32.0M)->11.5M(32.0M)]
"""


def said(tmp_path: Path, text: str, since: float = 0.0) -> dict[str, object] | None:
    log = tmp_path / "gc.log"
    log.write_text(text)
    return heaps.heap(str(log), since)


@pytest.mark.parametrize(
    ("text", "live", "full", "capacity"),
    [
        (G1, 110 * MIB, False, 256 * MIB),
        (G1 + MIXED, 60 * MIB, False, 256 * MIB),
        (G1 + FULL, 250 * MIB, True, 256 * MIB),
        (PARALLEL_8, 8000 << 10, True, 29696 << 10),
        (G1_8, 11.5 * MIB, False, 32 * MIB),
    ],
    ids=["marked", "marked and collected", "full", "Java 8, parallel", "Java 8, G1"],
)
def test_what_a_look_at_the_whole_heap_leaves_over(
    tmp_path: Path, text: str, live: float, capacity: float, *, full: bool
) -> None:
    found = said(tmp_path, START + text)
    assert found is not None
    assert (found["live"], found["full"], found["capacity"]) == (live, full, capacity)


def test_young_collections_alone_say_nothing_of_what_is_left_over(tmp_path: Path) -> None:
    found = said(tmp_path, START + G1.splitlines()[0])
    assert found == {"live": None, "at": None, "full": False, "capacity": 256.0 * MIB}


@pytest.mark.parametrize("text", ["", START, "nothing (of -> this)\n", "\xff\x00->("])
def test_a_log_without_collections_says_nothing(tmp_path: Path, text: str) -> None:
    assert said(tmp_path, text) is None
    assert heaps.heap(f"{tmp_path}/absent", 0) is None


def test_collections_of_an_earlier_run_do_not_count(tmp_path: Path) -> None:
    marked = 1795976045.0
    assert said(tmp_path, G1 + MIXED, marked + 3) == {"live": None, "at": None, "full": False, "capacity": 256.0 * MIB}
    assert said(tmp_path, G1 + MIXED, marked + 60) is None


ERROR = """\
2026-11-29 18:13:25,922 [INFO ] o.f.e.c.c.ClusterManagerService - node 2
2026-11-29 18:13:30,000 [ERROR] o.f.e.core - rpc failed
java.lang.OutOfMemoryError: Direct buffer memory
	at java.base/java.nio.Bits.reserveMemory(Bits.java:175)
"""


def last(errors: heaps.Errors, since: float, name: str = "exhausted") -> dict[str, Any] | None:
    return heaps.last_of(errors.get(name, ()), since)


def test_an_error_about_memory_is_found_with_the_time_of_its_entry(tmp_path: Path) -> None:
    logs = [tmp_path / name for name in ("a.log", "b.log", "none.log")]
    logs[0].write_text(ERROR + "2026-11-29 18:20:00,000 [INFO ] o.f.e - on\n" * 2000)
    logs[1].write_text("2026-11-29 18:10:00,000 [INFO ] o.f.e - java.lang.OutOfMemoryError: Java heap space\n")
    at = time.mktime(time.strptime("2026-11-29 18:13:30", "%Y-%m-%d %H:%M:%S"))
    in_logs = heaps.in_logs(map(str, logs))
    assert last(in_logs, at - 60) == {"at": at, "line": "java.lang.OutOfMemoryError: Direct buffer memory"}
    assert last(heaps.in_logs([str(logs[1])]), at - 3600) is not None
    assert last(in_logs, at + 60) is None
    logs[0].write_text("java.lang.OutOfMemoryError: without a time\n")
    assert heaps.in_logs([str(logs[0])]) == {}


# Rollsite 2.5.3 with 64 MiB, and 2.0.2 with all of its 600 threads in use: both on their consoles alone.
NETTY = (
    "io.grpc.netty.shaded.io.netty.util.internal.OutOfDirectMemoryError: failed to allocate 2097152 byte(s) of direct "
    "memory (used: 65011991, max: 67108864)"
)
POOL = (
    "org.springframework.core.task.TaskRejectedException: Executor [java.util.concurrent.ThreadPoolExecutor@1b"
    "[Running, pool size = 600, active threads = 600, queued tasks = 0, completed tasks = 9]] did not accept task: x"
)
CLOSED = "java.util.concurrent.RejectedExecutionException: Task x rejected from y@1[Terminated, pool size = 0]"


@pytest.mark.parametrize("stamp", ["Nov 29, 2026 6:13:30 PM", "Nov 29, 2026, 6:13:30\u202fPM"])
@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("java.lang.OutOfMemoryError: Cannot reserve 65536 bytes of direct buffer memory", "exhausted"),
        (NETTY, "exhausted"),
        (POOL, "refused"),
    ],
)
def test_an_error_that_javas_own_logging_wrote_is_found(tmp_path: Path, stamp: str, line: str, name: str) -> None:
    """OSX 1.1.0 on its console, with too little memory outside of its heap; Java 20 writes the time in another way."""
    log = tmp_path / "console.log"
    log.write_text(
        f"{stamp} io.grpc.netty.shaded.io.grpc.netty.NettyServerTransport notifyTerminated\nINFO: Transport failed\n"
        f"{line}\n\tat java.base/java.nio.Bits.reserveMemory(Bits.java:178)\n"
    )
    found = heaps.in_logs([str(log)])
    at = time.mktime(time.strptime("2026-11-29 18:13:30", "%Y-%m-%d %H:%M:%S"))
    assert last(found, at, name) == {"at": at, "line": line[-300:]}
    assert found.keys() == {name}


def test_a_pool_that_was_closed_has_refused_nothing(tmp_path: Path) -> None:
    log = tmp_path / "console.log"
    log.write_text(f"2026-11-29 18:13:30,000 [ERROR] x - {CLOSED}\n")
    assert heaps.in_logs([str(log)]) == {}


def test_the_journal_is_asked_once_for_all_units(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    line = "n1 demo-9999-osx[15674]: java.lang.OutOfMemoryError: Cannot reserve"
    lines = [f"{1795976764 + number}.500000 {line} {number}" for number in range(500)]
    other = "n1 demo-9999-rollsite[15675]:"
    lines += [f"1795977300.500000 {other} {said}" for said in (NETTY, POOL, CLOSED)]
    monkeypatch.setattr(endings, "output_of", printed(lines, asked))
    found = heaps.in_journal(["fatecloud-demo-9999-osx.service", "b.service"])
    assert last(found["demo-9999-osx"], 0) == {
        "at": 1795977263.5,
        "line": "java.lang.OutOfMemoryError: Cannot reserve 499",
    }
    assert found["demo-9999-rollsite"] == {
        "exhausted": [(1795977300.5, NETTY)],
        "refused": [(1795977300.5, POOL)],
    }
    assert asked[0][-2:] == ["--unit=fatecloud-demo-9999-osx.service", "--unit=b.service"]

    def nothing(_argv: list[str]) -> str:
        raise Unreadable("journalctl: exit 1: ")

    monkeypatch.setattr(endings, "output_of", nothing)
    assert heaps.in_journal(["b.service"]) == {}


PROGRAM = """
public class Heap { public static void main(String[] a) throws Exception {
    byte[][] kept = new byte[10][]; for (int i = 0; i < 10; i++) kept[i] = new byte[1 << 20];
    System.gc(); System.out.println(kept.length); } }
"""


@pytest.mark.skipif(not shutil.which("java"), reason="no JVM here")
@pytest.mark.parametrize("collector", ["Serial", "Parallel", "G1"])
def test_a_real_jvm_writes_what_is_read(tmp_path: Path, collector: str) -> None:
    source, log = tmp_path / "Heap.java", tmp_path / "gc.log"
    source.write_text(PROGRAM)
    began = time.time()
    flags = ("-Xms64m", "-Xmx64m", f"-XX:+Use{collector}GC", f"-Xlog:gc*:file={log}:time,uptime,level,tags")
    done = subprocess.run(["java", *flags, str(source)], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    found = heaps.heap(str(log), began)
    assert found is not None, log.read_text()
    assert found["full"]
    assert 10 * MIB <= found["live"] <= 30 * MIB
    assert 60 * MIB <= found["capacity"] <= 64 * MIB
    assert began <= found["at"] <= time.time()
    json.dumps(found)

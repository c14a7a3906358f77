"""The memory of JVMs, and what processes use more and more of: each fault raises its code alone, at its service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from check_world import ENGINE, FRONT, Documents, a_jvm, a_main, healthy_documents, observed, report_of, the_desired
from preflight_world import NOW

from fatecloud.checks.growth import descriptors
from fatecloud.checks.heap import keeps_its_size
from fatecloud.checks.history import joined
from fatecloud.model.finding import Finding
from fatecloud.model.samples import History, Sample

MIB = 1 << 20
MEMORY = healthy_documents()["a1"]["memory"]["total"]
HOUR, DAY = 3600.0, 86400.0
Change = Callable[[Documents], object]


def heap(live: float | None, *, full: bool = False, age: float = 60.0, capacity: float = 256.0) -> dict[str, Any]:
    left = None if live is None else live * MIB
    return {"live": left, "at": None if live is None else NOW - age, "full": full, "capacity": capacity * MIB}


def front(**values: Any) -> Change:
    return lambda documents: documents["a1"]["services"][FRONT].update(values)


def in_jvm(**values: Any) -> Change:
    return front(jvm=a_jvm(**{"heap": heap(100), "exhausted": None, **values}))


def line(now: float, per_day: float, *, hours: float = 20, number: int = 9) -> tuple[Sample, ...]:
    """Samples of a value that changes by so much a day, and is this now."""
    ages = [hours * HOUR * n / (number - 1) for n in reversed(range(number))]
    return tuple(Sample(NOW - age, now - per_day * age / DAY) for age in ages)


def found(change: Change, history: History | None = None) -> list[Finding]:
    return list(report_of(change, history=history).findings)


def alone(change: Change, history: History | None = None) -> Finding:
    (finding,) = found(change, history)
    assert finding.subject.service == FRONT
    assert finding.remedy
    assert finding.expected != finding.got
    return finding


def test_a_jvm_with_room_is_healthy() -> None:
    assert found(in_jvm()) == []
    assert found(in_jvm(heap=None)) == []
    assert found(in_jvm(heap=heap(None))) == []


@pytest.mark.parametrize(
    ("line_of_it", "change"),
    [
        ("java.lang.OutOfMemoryError: Java heap space", "raise jvm.heap"),
        ("java.lang.OutOfMemoryError: Direct buffer memory", "raise jvm.direct"),
        ("io.netty.util.internal.OutOfDirectMemoryError: failed to allocate", "raise jvm.direct"),
        ("java.lang.OutOfMemoryError: unable to create native thread", "more processes and threads"),
    ],
)
def test_memory_that_ran_out_in_a_process_that_lives_on_is_critical(line_of_it: str, change: str) -> None:
    finding = alone(in_jvm(exhausted={"at": NOW - 300, "line": line_of_it}))
    assert (finding.code, finding.severity) == ("JAVA_OUT_OF_MEMORY", "critical")
    assert finding.symptom == f"{line_of_it} (5 min ago), and it lives on"
    assert change in str(finding.remedy[0])


def test_a_jvm_that_is_just_ending_does_not_live_on() -> None:
    last = "Terminating due to java.lang.OutOfMemoryError: Java heap space"
    finding = alone(in_jvm(exhausted={"at": NOW - 1, "line": last}))
    assert finding.code == "JAVA_OUT_OF_MEMORY"
    assert finding.symptom == f"its JVM ended 1 s ago because its memory was used up: {last}"
    assert "restart" not in str(finding.remedy)


def test_a_jvm_that_ended_itself_for_want_of_memory_is_the_root_of_its_restarts() -> None:
    ended = {"count": 3, "at": NOW - 8, "how": "exit status 3"}
    down = front(state="starting", sub="auto-restart", restarts=3, pid=None, pids=[], main=None, ended=ended)
    report = report_of(lambda d: (in_jvm(heap=None)(d), down(d), d["a1"]["listeners"].pop()))
    assert {f.code for f in report.findings} >= {"JAVA_OUT_OF_MEMORY", "SERVICE_RESTARTING"}
    assert [f.code for f in report.findings if not f.caused_by] == ["JAVA_OUT_OF_MEMORY"]


def test_another_end_of_a_jvm_is_not_about_memory() -> None:
    ended = {"count": 1, "at": NOW - 120, "how": "exit status 1"}
    assert found(lambda d: (in_jvm()(d), front(ended=ended)(d))) == []


POOL = "TaskRejectedException: Executor [ThreadPoolExecutor@1b[Running, pool size = 600, active threads = 600"


def test_a_pool_of_threads_that_refused_work_is_critical() -> None:
    finding = alone(in_jvm(refused={"at": NOW - 120, "line": POOL}))
    assert (finding.code, finding.severity) == ("JAVA_WORK_REFUSED", "critical")
    assert finding.symptom == f"it refused work 2 min ago: {POOL}"
    assert finding.evidence == ("8 threads now",)
    # By then it has its threads again.
    assert found(in_jvm(refused={"at": NOW - 1200, "line": POOL})) == []


def test_a_heap_in_which_nothing_becomes_free_is_a_warning() -> None:
    finding = alone(in_jvm(heap=heap(250, full=True)))
    assert (finding.code, finding.severity) == ("JAVA_HEAP_FULL", "warning")
    assert finding.got == "250 MiB of 256 MiB"
    # A marking alone does not free all that it could, and an old collection says nothing about now.
    assert found(in_jvm(heap=heap(250))) == []
    assert found(in_jvm(heap=heap(250, full=True, age=3600))) == []


def test_a_heap_that_fills_within_days_is_a_warning_with_its_time() -> None:
    finding = alone(in_jvm(heap=heap(156)), {FRONT: {"heap": line(156 * MIB, 50 * MIB)}})
    assert (finding.code, finding.severity) == ("JAVA_HEAP_GROWING", "warning")
    assert finding.symptom == "its heap of 256 MiB will be used up in about 2 d"
    assert finding.evidence == ("156 MiB left over now, 50 MiB more a day",)
    # One odd value changes neither the time nor the rate.
    odd = (Sample(NOW - 20 * HOUR, 200 * MIB), *line(156 * MIB, 50 * MIB)[1:])
    finding = alone(in_jvm(heap=heap(156)), {FRONT: {"heap": odd}})
    assert (finding.got, finding.evidence) == ("2 d", ("156 MiB left over now, 50 MiB more a day",))


@pytest.mark.parametrize(
    "samples",
    [
        line(156 * MIB, 0),
        line(156 * MIB, -50 * MIB),
        line(156 * MIB, 5 * MIB),
        line(156 * MIB, 50 * MIB, number=4),
        line(156 * MIB, 50 * MIB, hours=5),
        # Its process began a day ago.
        line(156 * MIB, 50 * MIB, hours=60)[:5],
    ],
    ids=["stays", "shrinks", "grows slowly", "too few", "too short", "of an earlier run"],
)
def test_a_heap_is_not_called_growing_for_less(samples: tuple[Sample, ...]) -> None:
    assert found(in_jvm(heap=heap(156)), {FRONT: {"heap": samples}}) == []


@pytest.mark.parametrize(
    ("name", "code", "limit"), [("fds", "SERVICE_DESCRIPTORS", 65535), ("threads", "SERVICE_THREADS", MEMORY // MIB)]
)
def test_descriptors_and_threads_are_judged_by_their_limits(name: str, code: str, limit: int) -> None:
    assert [f.code for f in found(front(main=a_main(102, **{name: int(0.95 * limit)})))] == [code]
    few = a_main(102, **{name: limit // 2})
    assert found(front(main=few)) == []
    finding = alone(front(main=few), {FRONT: {name: line(limit // 2, limit / 8)}})
    assert (finding.code, finding.severity) == (code, "warning")
    assert finding.symptom.endswith("in about 4 d")
    assert found(front(main=few), {FRONT: {name: line(limit // 2, limit / 100)}}) == []


def test_a_process_that_may_have_fewer_descriptors_than_ours_is_judged_by_that() -> None:
    assert [f.code for f in found(front(main=a_main(102, fds=950, files=1024)))] == ["SERVICE_DESCRIPTORS"]
    assert found(front(main=a_main(102, fds=950, files=None))) == []


def test_a_service_whose_pools_have_fewer_threads_is_judged_by_these() -> None:
    desired = the_desired()
    own = replace(desired.services[FRONT], facts={"threads": 600})
    desired = replace(desired, services={**desired.services, FRONT: own})
    for threads, codes in ((550, ["SERVICE_THREADS"]), (530, [])):
        report = report_of(front(main=a_main(102, threads=threads)), desired=desired)
        assert [finding.code for finding in report.findings] == codes


def test_what_is_kept_of_each_check_is_what_the_checks_ask_for() -> None:
    documents = healthy_documents()
    in_jvm(heap=heap(156))(documents)
    kept = joined({}, the_desired(), observed(documents), [keeps_its_size, descriptors])
    assert {name: samples[0].value for name, samples in kept[FRONT].items()} == {
        "heap": 156.0 * MIB,
        "fds": 40.0,
        "threads": 8.0,
    }
    assert set(kept[ENGINE]) == {"fds", "threads"}


def test_a_service_outside_of_a_jvm_is_not_asked_about_one() -> None:
    desired = the_desired()
    desired = replace(desired, services={k: replace(s, java=None) for k, s in desired.services.items()})
    report = report_of(in_jvm(exhausted={"at": NOW - 9, "line": "OutOfMemoryError"}), desired=desired)
    assert report.findings == ()

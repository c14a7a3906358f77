"""What control groups leave of a machine, on planted hierarchies of both versions."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from fatecloud.collect.node import bounds, system
from fatecloud.collect.node.reading import text_of

GIB = 1 << 30
UNBOUNDED = str((1 << 63) - 4096)
"""What version 1 says where there is no limit."""


def plant(
    monkeypatch: pytest.MonkeyPatch,
    files: Mapping[Path, str],
    mounts: list[str],
    *,
    root: bool = True,
    own: str = "0::/user.slice/session-3.scope",
) -> None:
    """Write the files of groups, and let the kernel's tables name these mounts."""
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    tables = {"/proc/self/mountinfo": "\n".join(mounts), "/proc/self/cgroup": own}
    monkeypatch.setattr(
        "fatecloud.collect.node.bounds.text_of", lambda path, *limit: tables.get(path) or text_of(path, *limit)
    )
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)


def one(place: Path, options: str = "rw,memory,cpu,cpuset", root: str = "/") -> str:
    return f"40 30 0:30 {root} {place} ro,nosuid shared:9 - cgroup cgroup {options}"


def two(place: Path, root: str = "/") -> str:
    return f"40 30 0:30 {root} {place} ro,nosuid - cgroup2 cgroup2 rw,nsdelegate"


def test_a_machine_without_groups_has_no_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, {}, ["25 1 8:1 / / rw - ext4 /dev/sda1 rw"])
    assert bounds.memory_bound() is None
    assert bounds.processor_bound() is None


def test_version_2_takes_the_smallest_limit_on_the_way_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    inner = tmp_path / "system.slice"
    files = {
        tmp_path / "memory.max": str(4 * GIB),
        tmp_path / "memory.current": str(3 * GIB),
        tmp_path / "memory.stat": f"anon {GIB}\ninactive_file {2 * GIB}",
        inner / "memory.max": "max",
        inner / "cpu.max": "max 100000",
        tmp_path / "cpu.max": "150000 100000",
        inner / "cpuset.cpus.effective": "0-2,8",
    }
    plant(monkeypatch, files, [two(tmp_path)])
    assert bounds.memory_bound() == {"limit": 4 * GIB, "used": GIB, "group": str(tmp_path)}
    assert bounds.processor_bound() == 2
    (inner / "memory.max").write_text(str(GIB))
    assert bounds.memory_bound() == {"limit": GIB, "used": 0, "group": str(inner)}
    (tmp_path / "cpu.max").write_text("max 100000")
    assert bounds.processor_bound() == 4


def test_version_1_sees_the_limits_that_a_container_does_not_show(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = {
        tmp_path / "memory.limit_in_bytes": UNBOUNDED,
        tmp_path / "memory.usage_in_bytes": str(GIB),
        tmp_path / "memory.stat": f"cache 1\nhierarchical_memory_limit {2 * GIB}\ntotal_inactive_file {GIB // 2}",
        tmp_path / "cpu.cfs_quota_us": "-1",
        tmp_path / "cpu.cfs_period_us": "100000",
        tmp_path / "cpuset.cpus": "3",
    }
    plant(monkeypatch, files, [one(tmp_path, root="/docker/0123")])
    assert bounds.memory_bound() == {"limit": 2 * GIB, "used": GIB // 2, "group": str(tmp_path)}
    assert bounds.processor_bound() == 1
    (tmp_path / "cpuset.cpus").write_text("0-7")
    (tmp_path / "cpu.cfs_quota_us").write_text("20000")
    assert bounds.processor_bound() == 1


def test_what_a_login_starts_is_bounded_by_its_own_group(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = tmp_path / "user.slice" / "session-3.scope"
    files = {
        tmp_path / "system.slice" / "memory.max": str(GIB),
        own.parent / "memory.max": str(2 * GIB),
        own / "memory.max": "max",
    }
    plant(monkeypatch, files, [two(tmp_path)], root=False)
    bound = bounds.memory_bound()
    assert bound is not None
    assert bound["limit"] == 2 * GIB


def test_a_group_outside_of_what_is_mounted_counts_as_the_mount(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = {tmp_path / "memory.limit_in_bytes": str(GIB)}
    mounts = [one(tmp_path, root="/docker/0123")]
    plant(monkeypatch, files, mounts, root=False, own="9:cpu:/\n4:memory:/docker/4567/init.scope")
    bound = bounds.memory_bound()
    assert bound is not None
    assert bound["limit"] == GIB


def test_figures_of_a_bounded_machine_are_those_of_its_bound(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plant(monkeypatch, {}, ["25 1 8:1 / / rw - ext4 /dev/sda1 rw"])
    machine = system.memory()
    assert machine["bound"] == ""
    files = {tmp_path / "memory.max": str(64 << 20), tmp_path / "memory.current": str(16 << 20)}
    files[tmp_path / "cpu.max"] = "100000 100000"
    plant(monkeypatch, files, [two(tmp_path)])
    bounded = system.memory()
    assert (bounded["total"], bounded["available"], bounded["bound"]) == (64 << 20, 48 << 20, str(tmp_path))
    assert system.processor()["cores"] == 1
    (tmp_path / "memory.max").write_text(str(machine["total"] * 2))
    assert (system.memory()["total"], system.memory()["bound"]) == (machine["total"], "")

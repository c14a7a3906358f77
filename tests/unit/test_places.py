"""Which directories a cluster must not take, decided alike in the inventory, by the checks and on the node."""

from __future__ import annotations

from pathlib import Path

import pytest
from modules import module

from fatecloud.inventory.words import directory_of
from fatecloud.model.places import foreign_names, is_systems

files = module("fatecloud_files")
SYSTEMS = [
    "/",
    "/etc",
    "//etc",
    "///etc/",
    "/etc/cron.d",
    "/opt/../etc",
    "/./etc",
    "/usr",
    "/usr/share/x",
    "/usr/local",
    "/usr/local/bin",
    "/usr/local/lib/x",
    "/root",
    "/root/.ssh",
    "/root/.ssh/x",
    "/home",
    "/home/ops",
    "//home//ops",
    "/home/ops/.ssh",
    "/home/ops/.config/x",
    "/var",
    "/var/lib",
    "/var/lib/dpkg",
    "/var/lib/dpkg/updates",
    "/var/lib/fatecloud",
    "/var/log",
    "/var/log/journal",
    "/var/spool/cron",
    "/tmp",
    "/boot/x",
    "/proc/1",
    "/run/x",
]
OURS = [
    "/data",
    "/data/projects/fate",
    "/opt/fate",
    "/usr/local/fate",
    "/root/fatecloud",
    "/home/ops/fatecloud",
    "/srv/x",
]
OURS += ["/var/lib/fate", "/var/log/fate", "/var/lib/dpkg2", "/etcetera", "/mnt/disk", "/tmp/x"]


@pytest.mark.parametrize("path", SYSTEMS)
def test_what_is_the_systems_or_a_logins_is_refused(path: str) -> None:
    assert is_systems(path)
    with pytest.raises(ValueError, match="is the system's"):
        directory_of(path)


@pytest.mark.parametrize("path", OURS)
def test_other_directories_may_be_a_clusters(path: str) -> None:
    assert not is_systems(path)
    assert directory_of(path) == path


def test_entries_of_a_cluster_begin_with_its_label() -> None:
    names = [
        "demo-c3f9a2-9999-flow",
        "consoles",
        "lost+found",
        ".fatecloud",
        "demo-c3f9a2",
        "mail",
        "demo-ffffff-1-flow",
    ]
    assert foreign_names(names, "demo-c3f9a2") == ["demo-c3f9a2", "mail", "demo-ffffff-1-flow"]


def test_the_module_refuses_the_same_under_the_lease(tmp_path: Path) -> None:
    params = {"base": "/data/fate", "label": "demo-c3f9a2"}
    place = tmp_path / "logs"

    def refused(recorded: tuple[str, ...] = ()) -> str:
        try:
            files._refuse_foreign(str(place), params, list(recorded))
        except files.Refused as error:
            return str(error)
        return ""

    assert refused() == ""
    place.mkdir()
    (place / "demo-c3f9a2-9999-flow").mkdir()
    assert refused() == ""
    (place / "mail").touch()
    assert refused() == f"{place} holds what is not this cluster's: mail"
    assert refused((f"{place}/demo-c3f9a2-9999-flow",)) == ""
    assert refused((f"{place}x",)) != ""
    place.rename(tmp_path / "away")
    place.symlink_to("/etc")
    assert refused() == f"{place} leads to /etc, which is the system's"

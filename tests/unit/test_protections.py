"""What units deny: the lines of all, those of a component, and what a service's ports and places change."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from component_world import FLOW, MYSQL, NGINX, RABBITMQ, rendered, service

from fatecloud.components.registry import all_components
from fatecloud.model.protections import PROTECTIONS, UnitException, in_effect, protections

SERVICES = (FLOW, MYSQL, NGINX, RABBITMQ)
ASKED: dict[str, Any] = {"low_port": False, "paths": ("/data/fate", "/data/logs")}


def unit(key: str) -> str:
    (file,) = (file for path, file in rendered(key).items() if path.endswith(service(key).id.unit))
    return file.text


def test_a_service_without_exceptions_has_every_protection() -> None:
    assert protections((), **ASKED) == tuple((p.directive, p.value) for p in PROTECTIONS)


def test_a_service_on_a_low_port_may_take_it_and_nothing_else() -> None:
    lines = dict(protections((), **ASKED | {"low_port": True}))
    assert lines["CapabilityBoundingSet"] == lines["AmbientCapabilities"] == "CAP_NET_BIND_SERVICE"
    assert dict(protections((), **ASKED))["CapabilityBoundingSet"] == ""


@pytest.mark.parametrize(
    ("path", "hidden"),
    [("/home/app/fate", False), ("/root", False), ("/run/user/1/x", False), ("/homely/fate", True)],
)
def test_homes_are_hidden_unless_the_service_has_to_reach_one(path: str, *, hidden: bool) -> None:
    assert ("ProtectHome" in dict(protections((), **ASKED | {"paths": ("/data/fate", path)}))) is hidden


def test_an_exception_replaces_a_value_and_adds_to_a_list() -> None:
    own = (UnitException("ProcSubset", "all", "x"), UnitException("RestrictAddressFamilies", "AF_NETLINK", "x"))
    lines = dict(protections(own, **ASKED))
    assert "ProcSubset" not in lines
    assert lines["RestrictAddressFamilies"] == "AF_INET AF_INET6 AF_UNIX"


def test_what_is_in_effect_is_what_systemd_makes_of_all_lines() -> None:
    own = (UnitException("ProcSubset", "all", "x"), UnitException("RestrictAddressFamilies", "AF_NETLINK", "x"))
    effect = in_effect(protections(own, **ASKED), own)
    assert effect["ProcSubset"] == "all"
    assert effect["RestrictAddressFamilies"] == "AF_INET AF_INET6 AF_UNIX AF_NETLINK"
    assert effect["ProtectHome"] == "yes"
    assert in_effect((), own) == {}


@pytest.mark.parametrize("name", sorted(all_components()))
def test_each_exception_of_a_component_has_a_reason_for_people(name: str) -> None:
    for entry in all_components()[name].unit_exceptions:
        assert re.fullmatch(r"[A-Z].{15,}\.", entry.reason), entry
        assert entry.directive in {p.directive for p in PROTECTIONS}, entry


@pytest.mark.parametrize("key", SERVICES)
def test_systemd_finds_no_fault_in_a_unit_and_scores_it_below_three(key: str, tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    path = tmp_path / "fatecloud-x.service"
    # A dynamic user is weighed like one of our own, which this machine does not have.
    path.write_text(re.sub(r"(?m)^User=.*$", "DynamicUser=yes", unit(key)))
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=30", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if "unrecognized option" in done.stderr:
        pytest.skip("systemd-analyze is too old to judge a file")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Unknown" not in done.stderr

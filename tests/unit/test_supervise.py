"""What the start script of a service reads, in each way of supervision."""

from __future__ import annotations

from pathlib import Path

import pytest

from fatecloud import catalogue
from fatecloud.inventory import load
from fatecloud.model.desired import Desired
from fatecloud.model.layout import private_of, unit_path_of
from fatecloud.render.files import render_specs
from fatecloud.resolve.desired import resolve
from fatecloud.shipped import folder

INVENTORY = """\
apiVersion: fatecloud/v1
cluster: demo
id: eeeeee0000000009
release: fate-2.2.0
architecture: rabbitmq
defaults: {{become: root, supervision: {supervision}}}
nodes:
  a1: {{address: 10.0.0.11}}
parties:
  "9999": {{}}
"""


def wanted(place: Path, supervision: str) -> Desired:
    (place / "inventory.yml").write_text(INVENTORY.format(supervision=supervision))
    cluster = load(place / "inventory.yml")
    return resolve(cluster, catalogue.releases_of(cluster))


@pytest.mark.parametrize("supervision", ["systemd", "supervisor"])
def test_no_start_script_reads_what_only_root_may(tmp_path: Path, supervision: str) -> None:
    desired = wanted(tmp_path, supervision)
    private = private_of(desired.node("a1"))
    for service in desired.services.values():
        files = {f.path: f for f in render_specs(service.specs, service.id.key, folder("templates"))}
        assert private not in files[f"{service.home}/bin/start"].text


def test_the_start_script_notes_a_copy_of_the_program_that_root_has(tmp_path: Path) -> None:
    desired = wanted(tmp_path, "supervisor")
    assert len(desired.services) == 4
    for service in desired.services.values():
        files = {f.path: f for f in render_specs(service.specs, service.id.key, folder("templates"))}
        copy, program = (
            files[f"{service.home}/conf/supervisor.conf"],
            files[unit_path_of(desired.node("a1"), service.id)],
        )
        assert (copy.text, copy.mode, copy.owner) == (program.text, 0o640, "root")
        assert (copy.restarts, program.restarts) == (True, False)
        assert copy.path in files[f"{service.home}/bin/start"].text


@pytest.mark.parametrize(("supervision", "own"), [("systemd", False), ("supervisor", True)])
def test_supervisor_has_the_port_mapper_among_the_processes_that_it_ends(
    tmp_path: Path, supervision: str, *, own: bool
) -> None:
    broker = wanted(tmp_path, supervision).services["9999/rabbitmq@a1"]
    files = {f.path: f for f in render_specs(broker.specs, broker.id.key, folder("templates"))}
    assert ("\nepmd &\n" in files[f"{broker.home}/bin/serve"].text) is own

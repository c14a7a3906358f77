"""Where everything is on a node. All code that needs such a path gets it here."""

from __future__ import annotations

from fatecloud.model import places
from fatecloud.model.identity import ServiceId
from fatecloud.model.node import Node
from fatecloud.model.python import PythonSet
from fatecloud.model.trees import Tree

LAYOUT = 2
"""How everything lies on a node, its records included. A node whose manifest has another number, or none, is refused:
raise it with any change that leaves behind what an earlier deploy made."""
ID_LENGTH = 16
"""Characters of a digest that name a directory in the node store: 64 bits, readable and collision free."""


def places_of(node: Node) -> dict[str, str]:
    """The directories that the inventory names, by their keys below `paths`."""
    paths = node.paths
    return {"base": paths.base, "data": paths.data, "logs": paths.logs, "backup": paths.backup}


def private_of(node: Node) -> str:
    """Our own directory on a node."""
    return f"{node.paths.base}/{places.PRIVATE}"


def check_program_of(label: str) -> str:
    """The collector that a login for checks may run as root; its content is the same until fatecloud itself changes.

    Args:
        label: `Cluster.label`.
    """
    return f"{places.PROGRAMS}/{label}/check"


def check_spec_of(node: Node) -> str:
    """What that collector may read."""
    return f"{private_of(node)}/check.json"


def python_of(home: str) -> str:
    """Interpreter of a service's thin environment."""
    return f"{home}/venv/bin/python"


def site_packages_of(home: str, minor: str) -> str:
    """Site-packages of a service's thin environment; `minor` is its series of Python: `3.10`."""
    return f"{home}/venv/lib/python{minor}/site-packages"


def tree_of(home: str, name: str) -> str:
    """Where a service sees a tree of its release."""
    return f"{home}/trees/{name}"


def tree_marker_of(path: str) -> str:
    """File that says which tree a service's directory shows, and how."""
    return f"{path}/.complete"


def store_tree_of(node: Node, tree: Tree) -> str:
    """A tree in the node store."""
    return f"{node.paths.base}/{places.STORE}/tree/{tree.digest[:ID_LENGTH]}"


def thin_marker_of(home: str) -> str:
    """File whose content names the shared environment that a thin one was made for."""
    return f"{home}/venv/.complete"


def shared_venv_of(node: Node, python: PythonSet) -> str:
    """The release's shared environment in the node store."""
    return f"{node.paths.base}/{places.STORE}/venv/{python.digest[:ID_LENGTH]}"


def interpreter_of(node: Node, python: PythonSet) -> str:
    """The release's interpreter, unpacked in the node store."""
    return f"{node.paths.base}/{places.STORE}/python/{python.interpreter.sha256[:ID_LENGTH]}"


def unit_path_of(node: Node, service: ServiceId) -> str:
    """The file that makes the node's supervision run a service."""
    if node.supervision == "systemd":
        return f"/etc/systemd/system/{service.unit}"
    return f"{private_of(node)}/{places.SUPERVISOR}/conf.d/{service.slug}.conf"


def networks_path_of(unit_path: str) -> str:
    """The part of a unit that says which networks a service exchanges packets with; systemd reads it after the unit."""
    return f"{unit_path}.d/networks.conf"


def filter_unit_of(unit: str) -> str:
    """What loads a service's packet filter and takes it away; `unit` is the service's, its name or its path."""
    return f"{unit.removesuffix('.service')}-filter.service"


def filter_part_of(unit_path: str) -> str:
    """The part of a unit that has the packet filter loaded before the service starts."""
    return f"{unit_path}.d/filter.conf"


def filter_rules_of(home: str) -> str:
    """The packet filter of a service, as nftables reads it."""
    return f"{home}/conf/filter.nft"


def sweep_timer_of(unit: str) -> str:
    """The timer of what removes a service's residues; `unit` is the service's, its name or its path."""
    return f"{unit.removesuffix('.service')}-sweep.timer"


def supervisor_conf_of(node: Node) -> str:
    """Configuration of the node's supervisord."""
    return f"{private_of(node)}/{places.SUPERVISOR}/supervisord.conf"


def data_of(node: Node, service: ServiceId) -> str:
    """Where a service keeps its data."""
    return f"{node.paths.data}/{service.slug}"


def logs_of(node: Node, service: ServiceId) -> str:
    """Where a service writes its logs."""
    return f"{node.paths.logs}/{service.slug}"


def consoles_of(node: Node) -> str:
    """Where root's supervisord writes what services print: it must not write into a directory of theirs."""
    return f"{node.paths.logs}/{places.CONSOLES}"


def console_of(node: Node, service: ServiceId) -> str:
    """What a service prints where supervisor runs it; under systemd the journal has it."""
    root = node.supervision == "supervisor" and node.become == "root"
    return f"{consoles_of(node)}/{service.slug}.log" if root else f"{logs_of(node, service)}/console.log"


def mark_of(data: str) -> str:
    """The mark that shows that a service's data are there."""
    return f"{data}/{places.DATA_MARK}"


def migrating_of(data: str) -> str:
    """The flag that is there while a migration of a service's data is not finished."""
    return f"{data}/{places.MIGRATION_FLAG}"


def mark_copies_of(node: Node) -> str:
    """Directory of our copies of the marks.

    With root it is on the root file system, for the base directory may be on the very disk that is missing.
    """
    return f"{places.OF_THE_MACHINE if node.become == 'root' else private_of(node)}/data"


def mark_copy_of(node: Node, service: ServiceId) -> str:
    """Our copy of a data directory's mark."""
    return f"{mark_copies_of(node)}/{service.slug}.json"


def started_of(home: str) -> str:
    """Record of the inputs that a service read at its last start."""
    return f"{home}/run/started"


def pid_of(home: str) -> str:
    """File with the number of a service's main process."""
    return f"{home}/run/pid"


def for_collector(base: str) -> dict[str, object]:
    """What the collector needs to know of this layout, as data: it imports nothing of ours."""
    private = f"{base}/{places.PRIVATE}"
    return {
        "manifest": f"{private}/{places.MANIFEST}",
        "lease": f"{private}/{places.LEASE}",
        "rendered": f"{private}/{places.RENDERED}",
        "supervisor": f"{private}/{places.SUPERVISOR}",
        "store": f"{base}/{places.STORE}",
        "mark": places.DATA_MARK,
        "ours": [places.PRIVATE, places.CONSOLES],
        "registers": list(places.REGISTERS),
        "record": f"{places.PRIVATE}/{places.MANIFEST}",
    }

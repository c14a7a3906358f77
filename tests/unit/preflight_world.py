"""A small desired cluster and the facts of healthy nodes, for tests of preflight, status and logs."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

from fatecloud.model.artifact import Artifact
from fatecloud.model.cluster import Cluster, Peer
from fatecloud.model.desired import Desired, DesiredFile, DesiredService
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.identity import ServiceId
from fatecloud.model.java import Java
from fatecloud.model.needs import HEAP, Figure, Needs
from fatecloud.model.node import Node, Paths, Ssh
from fatecloud.model.observed import Fact, NodeFacts, Observed
from fatecloud.model.owner import Owner
from fatecloud.model.python import PythonRequirement, PythonSet
from fatecloud.model.release import DISTRIBUTION, Release
from fatecloud.model.runtime import JavaRange, JavaRuntime, PythonRuntime
from fatecloud.model.service import Edge, LogFile, PortUse, Process

GIB = 1024**3
CLUSTER_ID = "c3f9a2b1d4e5f607"
ANY = "0.0.0.0"  # noqa: S104 - never bound
NOW = 1_800_000_000.0
WHEEL = Artifact("torch==1.12.1", "torch-1.12.1-cp310-cp310-manylinux1_x86_64.whl", "c" * 64, 800 << 20, "wheel")
NUMPY = Artifact(
    "numpy==1.24", "numpy-1.24-cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "d" * 64, 1, "wheel"
)
INTERPRETER = Artifact("cpython==3.10.13", "cpython.tar.gz", "a" * 64, 40 << 20, "interpreter")
INSTALLER = Artifact("uv==0.9", "uv.whl", "b" * 64, 20 << 20, "installer")
REQUIREMENT = PythonRequirement(
    "fate-2.2.0",
    "fate",
    "x86_64",
    "3.10",
    ">=3.10,<3.11",
    {},
    (),
    {},
    (),
    (WHEEL, NUMPY),
    INSTALLER,
    (),
    {},
    glibc_seen="2.41",
)
PYTHON = PythonSet(REQUIREMENT, INTERPRETER)
PYTHONS = {("fate-2.2.0", "fate"): PYTHON}
RELEASE = Release(
    "fate-2.2.0",
    "",
    "x86_64",
    {"engine": "2.2.0", "front": DISTRIBUTION, "store": DISTRIBUTION},
    {"front": {"front": "1.18"}, "store": {"other": "1", "store": "10.5"}},
    ("standalone",),
    {},
    {"fate": REQUIREMENT},
)


JAVA = Java("/usr/lib/jvm/java-17-openjdk-amd64", 17, "node")
DATA = "/data/fate/data/demo-9999-engine"
ROOT_DISK = {"mount": "/", "device": "/dev/sda1", "fstype": "ext4", "uuid": "1-1"}
DATA_DISK = {"mount": "/data", "device": "/dev/sdb1", "fstype": "xfs", "uuid": "2-2"}


def an_empty_place(**changes: Any) -> dict[str, Any]:
    """The engine's entry of the `data` fact before the first deploy."""
    return {
        "path": DATA,
        "entries": None,
        "names": [],
        "hollow": False,
        "mark": None,
        "copy": None,
        "mount": ROOT_DISK,
    } | changes


def a_mark(**changes: Any) -> dict[str, Any]:
    stamp = ServiceId("demo", "9999", "engine", "a1").stamp
    return {"id": "i1", "stamp": stamp, "service": "9999/engine@a1", "path": DATA, "mount": DATA_DISK} | changes


def a_node(name: str, **changes: Any) -> Node:
    node = Node(
        name=name,
        address=f"10.0.0.{name[-1]}",
        connection="ssh",
        bind=None,
        advertise=f"10.0.0.{name[-1]}",
        ssh=Ssh("ops"),
        become="root",
        become_password=None,
        service_user="app",
        service_group="apps",
        supervision="systemd",
        packages="repos",
        paths=Paths("/data/fate", "/data/fate/data", "/data/fate/logs", "/data/fate/backup"),
    )
    return replace(node, **changes)


def a_service(node: str, component: str, ports: tuple[PortUse, ...], **changes: Any) -> DesiredService:
    ident = ServiceId("demo-c3f9a2", "9999", component, node)
    service = DesiredService(
        id=ident,
        version="2.2.0",
        home=f"/data/fate/{ident.slug}",
        user="app",
        group="apps",
        ports=ports,
        edges=(),
        process=Process(("/bin/true",), console=f"/data/fate/logs/{ident.slug}/console.log"),
        places={},
        directories={},
        specs=(),
        probes=(),
        logs=(LogFile(f"/data/fate/logs/{ident.slug}/*.log", levels=True),),
        readiness="",
        readiness_deadline=120,
        runtime=None,
        packages={},
        masks={},
    )
    return replace(service, **changes)


def a_desired(**node_changes: Any) -> Desired:
    """Two nodes: an engine in Python and a front in a JVM (with peers and a package) on a1, a store on a2."""
    keeps: dict[str, Any] = {"data": DATA, "signs": ("db",), "runtime": PythonRuntime("fate")}
    keeps["needs"] = Needs((Figure("the program", 2 * GIB, "bytes", "measured"),))
    engine = a_service("a1", "engine", (PortUse("http", 9380, ANY),), **keeps)
    front = a_service(
        "a1",
        "front",
        (PortUse("http", 9300, ANY, peers=True),),
        runtime=JavaRuntime(),
        javas=JavaRange(8, 17, "it was not seen with newer ones"),
        java=JAVA,
        needs=Needs(
            (Figure(HEAP, GIB // 2, "bytes", "set"), Figure("beside it", GIB // 2, "bytes", "measured")),
            java=(JAVA.program, "-Xmx512m", "-version"),
        ),
        packages={"debian": ("front-server",), "redhat": ("front",)},
        masks={"debian": ("front-server.service",)},
        version=DISTRIBUTION,
        edges=(
            Edge("9999/front@a1", "peer:10000", "proxy", Endpoint("192.0.2.7", 9300), hard=False, probe="front.peers"),
        ),
    )
    brought: dict[str, Any] = {"packages": {"debian": ("store-server",)}, "version": DISTRIBUTION}
    store = a_service("a2", "store", (PortUse("sql", 3306, "10.0.0.2"),), **brought)
    engine = replace(
        engine,
        edges=(Edge(engine.id.key, store.id.key, "database", Endpoint("10.0.0.2", 3306), probe="engine.database"),),
    )
    services = {service.id.key: service for service in (engine, front, store)}
    nodes = {name: a_node(name, **node_changes) for name in ("a1", "a2")}
    cluster = Cluster(
        "demo",
        CLUSTER_ID,
        nodes,
        {"9999": Owner("9999", "party", "fate-2.2.0", "standalone", {}, {}, {})},
        {"10000": Peer("10000", {"proxy": Endpoint("192.0.2.7", 9300)})},
    )
    files: dict[str, tuple[DesiredFile, ...]] = {
        "a1": (
            DesiredFile("/data/fate/x.conf", "x", 0o640, "service", "9999/engine@a1", restarts=True, digest="digest-x"),
        ),
        "a2": (),
    }
    return Desired(cluster, {"9999": RELEASE, "10000": RELEASE}, services, files, (), PYTHONS)


def a_load(**changes: Any) -> dict[str, Any]:
    """What the collector reads of a machine with little to do."""
    pressure = {"cpu": 0.0, "memory": 0.0, "io": 0.0}
    return {"cores": 8, "load1": 0.1, "stolen": 0.0, "busy": {}, "pressure": pressure} | changes


def healthy(name: str) -> dict[str, Any]:
    """Facts of a fresh node on which everything is as it should be."""
    disk = {
        "mount": "/",
        "options": "rw,relatime",
        "fstype": "ext4",
        "device": "/dev/sda1",
        "total": 500 * GIB,
        "available": 400 * GIB,
        "inodes_total": 10**8,
        "inodes_free": 10**7,
        "writable": True,
        "exists": False,
    }
    paths = ("/data/fate", "/data/fate/data", "/data/fate/logs", "/data/fate/tmp", "/data/fate/backup")
    slugs = ("demo-c3f9a2-9999-engine", "demo-c3f9a2-9999-front", "demo-c3f9a2-9999-store")
    return {
        "os": {
            "id": "debian",
            "version_id": "12",
            "family": "debian",
            "pretty": "Debian GNU/Linux 12",
            "arch": "x86_64",
            "kernel": "6.1",
            "glibc": "2.36",
            "systemd": 252,
            "init": "systemd",
        },
        "clock": {"epoch": NOW, "boot_epoch": NOW - 9e5, "timezone": "Etc/UTC", "synchronized": True},
        "skew": {"seconds": 0.01, "uncertainty": 0.02},
        "load": {
            "cores": 8,
            "load1": 0.1,
            "stolen": 0.0,
            "busy": {},
            "pressure": {"cpu": 0.0, "memory": 0.0, "io": 0.0},
        },
        "cpu": {"cores": 8, "load1": 0.1, "flags_avx": True},
        "memory": {"total": 32 * GIB, "available": 30 * GIB, "swap_total": 0, "swap_free": 0, "bound": ""},
        "disk": dict.fromkeys(paths, disk),
        "listeners": [{"port": 22, "address": ANY, "pid": 1, "process": "sshd", "user": "root", "cmdline": ""}],
        "sysctl": {"net.core.somaxconn": "4096", "fs.file-max": "9223372036854775807", "fs.nr_open": "1048576"},
        "javas": {"asked": False, "found": []},
        "selinux": "disabled",
        "firewall": {"name": "", "active": False},
        "users": {"app": None},
        "privileges": {"app": None},
        "limits": {"app": {"nofile_soft": 1024, "nofile_hard": 1048576, "nproc_soft": -1, "nproc_hard": -1}},
        "manifest": None,
        "lease": None,
        "register": [],
        "files": {},
        "data": {"9999/engine@a1": an_empty_place()},
        "services": {},
        "packages": {"front-server": None, "store-server": None},
        "offered": {"front-server": "2:1.18.0-6", "store-server": None},
        "foreign": [],
        "folders": {},
        "store": {"artifacts": {}, "made": {}, "changed": []},
        "tools": {name: f"/usr/bin/{name}" for name in ("sh", "tar", "gzip", "sha256sum", "systemctl")},
        "identity": {
            "user": "root",
            "uid": 0,
            "root": True,
            "hostname": name,
            "machine_id": f"id-{name}",
            "boot_id": f"boot-{name}",
            "root_inode": "1:2",
        },
        "interpreter": {"path": "/usr/bin/python3", "version": "3.11.2"},
        "cron_lingering": {"user": "app", "linger": False, "crontab": "/usr/bin/crontab", "entry": False},
        "addresses": ["127.0.0.1", "::1", f"10.0.0.{name[-1]}"],
        "own_name": {"hostname": name, "addresses": ["127.0.1.1"]},
        "environment": {"proxy": {}, "no_proxy": "", "locale_utf8": True},
        "records": {"untrusted": []},
        "real_paths": {},
        "directories": dict.fromkeys((*paths, "/data/fate/.fatecloud"))
        | {f"/data/fate/data/{slug}": None for slug in slugs},
        "connects": {
            "192.0.2.7:9300": {"ok": True, "kind": "", "error": None},
            "10.0.0.2:3306": {"ok": False, "kind": "refused", "error": "refused: nothing listens there"},
        },
    }


def observed(changes: Mapping[str, Mapping[str, Any]] | None = None, *, absent: tuple[str, ...] = ()) -> Observed:
    """Both nodes.

    Args:
        changes: node -> dotted fact path -> value: `{"a1": {"cpu.flags_avx": False}}`.
            A value may be a `Fact`.
        absent: facts that no node could read.
    """
    nodes = {}
    for name in ("a1", "a2"):
        facts = deepcopy(healthy(name))
        for path, value in (changes or {}).get(name, {}).items():
            fact, _, key = path.partition(".")
            if key:
                facts[fact][key] = value
            else:
                facts[fact] = value
        readings = {
            key: Fact(error="not there") if key in absent else value if isinstance(value, Fact) else Fact(value)
            for key, value in facts.items()
        }
        nodes[name] = NodeFacts(name, readings, {}, 0.2)
    return Observed(nodes, NOW, 0.3)


def no_text(service: DesiredService, path: str) -> str:
    """No question of these services needs a login."""
    raise AssertionError(f"{path} of {service.id.key}")

"""A deployed, running, healthy cluster of three services on two nodes, and ways to break it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

from preflight_world import ANY, CLUSTER_ID, DATA_DISK, NOW, a_desired, a_mark, an_empty_place, healthy

from fatecloud.checks.engine import judge
from fatecloud.checks.registry import running_checks
from fatecloud.model.check import CheckSpec
from fatecloud.model.desired import Desired, DesiredFile
from fatecloud.model.filter import Filter, Opening
from fatecloud.model.finding import Report
from fatecloud.model.layout import LAYOUT, thin_marker_of
from fatecloud.model.observed import Fact, NodeFacts, Observed, ProbeAnswer, Unreachable
from fatecloud.model.parts import parts_of
from fatecloud.model.protections import in_effect, protections
from fatecloud.model.release import DISTRIBUTION
from fatecloud.model.samples import History
from fatecloud.model.service import FileSpec, NodeProbe
from fatecloud.plan.real import sha256
from fatecloud.workflow.check import FACTS

ENGINE, FRONT, STORE = "9999/engine@a1", "9999/front@a1", "9999/store@a2"
CONF = "/data/fate/demo-c3f9a2-9999-engine/conf/engine.yaml"
NODE_CONF = "/data/fate/.fatecloud/supervisor/supervisord.conf"
PYTHON, VENV = (part.id for part in parts_of(a_desired(), "a1") if part.kind != "tool")
"""What the engine's node has in its store; the tree in it is of an older release."""
HOME = "/data/fate/demo-c3f9a2-9999-engine"
RUN = f"{HOME}/run"
THIN = thin_marker_of(HOME)
THIN_SHA = sha256(f"{next(iter(a_desired().pythons.values())).digest}\n")
SHA, DIGEST = "5" * 64, "d" * 64

PROTECTED = in_effect(protections((), low_port=False, paths=("/data/fate",)), ())

Documents = dict[str, dict[str, Any]]
"""Node -> fact -> value; the key `probes` holds the answers."""


def the_desired() -> Desired:
    """`preflight_world`'s cluster, with rendered files and a readiness probe for the engine."""
    desired = a_desired()
    engine = replace(
        desired.services[ENGINE],
        readiness="engine.api",
        protections=PROTECTED,
        filter=Filter("fatecloud-demo-9999-engine", (Opening(9380, ("10.0.0.2/32", "10.0.0.8/29")),)),
        probes=(NodeProbe("engine.api", ("python3", "-"), "print('{}')"),),
        places={HOME: 0o750, f"{HOME}/conf": 0o750},
        directories={RUN: 0o750},
        specs=(FileSpec(CONF, "engine/engine.yaml.j2", {}),),
    )
    files = {
        "a1": (
            DesiredFile(CONF, "password: @@fatecloud:x:raw@@", 0o640, "service", ENGINE, restarts=True, digest=DIGEST),
            DesiredFile(NODE_CONF, "x", 0o600, "root", "node", restarts=False, digest=DIGEST),
        ),
        "a2": (),
    }
    return replace(
        desired,
        services={**desired.services, ENGINE: engine},
        files=files,
        stages=((STORE,), (ENGINE, FRONT)),
        node_specs={"a1": (FileSpec(NODE_CONF, "service/supervisord.conf.j2", {}, mode=0o600, restarts=False),)},
    )


def a_process(pid: int, **changes: Any) -> dict[str, Any]:
    """What the collector says of one process."""
    figures = {"age": 86400.0, "fds": 40, "rss": 1 << 28}
    return {"pid": pid, "state": "S", "frozen": False, "command": "/bin/true", **figures} | changes


def a_main(pid: int, **changes: Any) -> dict[str, Any]:
    return a_process(pid, threads=8) | changes


def a_state(pid: int) -> dict[str, Any]:
    return {
        "state": "running",
        "sub": "running",
        "enabled": True,
        "pid": pid,
        "since": NOW - 86400,
        "restarts": 0,
        "result": "success",
        "exit": 0,
        "needs_reload": False,
        "started": {},
        "main": a_main(pid),
        "children": [],
        "processes": 1,
        "pids": [pid],
        "rss": 1 << 28,
        "user": "app",
    }


def a_jvm(**changes: Any) -> dict[str, Any]:
    return {"there": True, "version": "17.0.12", "replaced": False} | changes


def a_confinement(**changes: Any) -> dict[str, Any]:
    """What the collector reads of a service that is denied all that it should be."""
    status = {"CapEff": 0, "CapBnd": 0, "NoNewPrivs": 1, "Seccomp": 2}
    places = {"own": ["/", "/dev", "/proc", "/tmp"], "hidden": ["/root"]}
    return {**status, **places, "read_only": ["/", "/sys", "/sys/fs/cgroup"]} | changes


def a_confined_state(pid: int) -> dict[str, Any]:
    return a_state(pid) | {"directives": dict(PROTECTED), "confinement": a_confinement()}


def held(*words: str) -> list[dict[str, Any]]:
    """What nftables holds of the engine's packet filter, with these networks at its port instead of its own."""
    callers = list(words) or ["10.0.0.2", "10.0.0.8/29"]
    return [
        {"port": None, "from": ["lo"], "does": "accept"},
        {"port": 9380, "from": callers, "does": "accept"},
        {"port": 9380, "from": [], "does": "drop"},
    ]


def a_file() -> dict[str, Any]:
    return {"mode": "0640", "owner": "app", "group": "apps", "size": 9, "mtime": NOW - 90000, "sha256": SHA}


def a_folder(owner: str, group: str) -> dict[str, str]:
    return {"mode": "0750", "owner": owner, "group": group}


def a_listener(port: int, pid: int | None, **changes: Any) -> dict[str, Any]:
    return {"port": port, "address": ANY, "pid": pid, "process": "true", "user": "app", "cmdline": "true"} | changes


def a_record(service: str, mode: str = "0640") -> dict[str, Any]:
    return {"owner": "service", "mode": mode, "sha256": SHA, "digest": DIGEST, "service": service, "restarts": True}


def healthy_documents() -> Documents:
    documents = {name: deepcopy(healthy(name)) for name in ("a1", "a2")}
    for document in documents.values():
        document["users"] = {"app": {"uid": 990, "gid": 990, "group": "apps", "home": "/", "shell": "/bin/false"}}
    plain = {"unit": "u", "supervision": "systemd", "run": "r"}
    known = {ENGINE: "2.2.0", FRONT: DISTRIBUTION, STORE: DISTRIBUTION}
    versions = {key: plain | {"version": version} for key, version in known.items()}
    documents["a1"] |= {
        "manifest": {
            "version": 1,
            "files": {CONF: a_record(ENGINE), NODE_CONF: a_record("node", "0600") | {"owner": "root"}},
            "services": {key: versions[key] for key in (ENGINE, FRONT)},
            "data": {ENGINE: a_mark()},
            "directories": [HOME, f"{HOME}/conf", RUN],
            "made": [f"python/{PYTHON}", "tree/old", f"venv/{VENV}"],
        },
        "store": {
            "artifacts": {},
            "made": {"tree": ["old"], "venv": [VENV], "python": [PYTHON]},
            "changed": [],
            "homes": {},
        },
        "folders": {path: a_folder("root", "apps") for path in (HOME, f"{HOME}/conf")} | {RUN: a_folder("app", "apps")},
        "data": {ENGINE: an_empty_place(entries=1, names=["db"], mark=a_mark(), copy=a_mark(), mount=DATA_DISK)},
        "files": {
            CONF: a_file(),
            THIN: a_file() | {"sha256": THIN_SHA},
            NODE_CONF: a_file() | {"mode": "0600", "owner": "root", "group": "root"},
        },
        "services": {ENGINE: a_confined_state(101) | {"started": {CONF: SHA}}, FRONT: a_state(102) | {"jvm": a_jvm()}},
        "listeners": [a_listener(9380, 101), a_listener(9300, 102)],
        "filters": {ENGINE: {"rules": held(), "error": ""}},
        "logs": {
            "/data/fate/logs/demo-c3f9a2-9999-engine/fate.log": {
                "size": 1,
                "mtime": NOW,
                "last_line": "x",
                "errors": ["[ERROR] no"],
            }
        },
        # `preflight_world`'s store is not deployed yet and refuses; this one runs.
        "connects": documents["a1"]["connects"] | {"10.0.0.2:3306": {"ok": True, "kind": "", "error": None}},
        "probes": {f"{ENGINE}:engine.api": ProbeAnswer(0, {"ok": True}, None, 0.1)},
    }
    documents["a2"] |= {
        "manifest": {"layout": LAYOUT, "files": {}, "services": {STORE: versions[STORE]}},
        "files": {},
        "folders": {},
        "services": {STORE: a_state(201)},
        "listeners": [a_listener(3306, 201, address="10.0.0.2")],
        "logs": {},
    }
    return documents


def observed(
    documents: Documents,
    lost: dict[str, Unreachable] | None = None,
    absent: dict[str, str] | None = None,
    notes: dict[str, Any] | None = None,
    history: History | None = None,
) -> Observed:
    """What the documents say.

    Args:
        lost: nodes that gave none.
        absent: fact name -> the error with which it could not be read, on every node.
        history: samples of earlier checks.
    """
    nodes: dict[str, NodeFacts | Unreachable] = {}
    for name, document in documents.items():
        facts = {
            fact: value if isinstance(value, Fact) else Fact(value)
            for fact, value in document.items()
            if fact != "probes"
        }
        facts |= {fact: Fact(error=error) for fact, error in (absent or {}).items()}
        nodes[name] = NodeFacts(name, facts, document.get("probes", {}), 0.5)
    return Observed(
        nodes | (lost or {}), NOW, 0.7, {"cluster": "demo", "id": CLUSTER_ID, **(notes or {})}, history or {}
    )


def nothing(documents: Documents) -> None:
    """No change."""


def report_of(
    change: Callable[[Documents], object] = nothing,
    *,
    desired: Desired | None = None,
    specs: Sequence[CheckSpec] | None = None,
    lost: dict[str, Unreachable] | None = None,
    absent: dict[str, str] | None = None,
    settle: float = 0,
    selected: Sequence[str] | None = None,
    notes: dict[str, Any] | None = None,
    history: History | None = None,
) -> Report:
    """The report on the healthy cluster after a change to what was read: of all that, what a check asks for."""
    documents = healthy_documents()
    change(documents)
    asked = {*FACTS, "skew", "probes"}
    read = {node: {k: v for k, v in d.items() if k in asked} for node, d in documents.items()}
    seen = observed(read, lost, absent, notes, history)
    return judge(desired or the_desired(), seen, specs or running_checks(), settle, selected=selected)

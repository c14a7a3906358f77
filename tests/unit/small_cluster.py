"""A hand-built cluster of one tiny web service, for tests of rendering and running."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

from fatecloud.model.accounts import account_of
from fatecloud.model.artifact import Artifact
from fatecloud.model.cluster import Cluster
from fatecloud.model.desired import Desired, DesiredFile, DesiredService
from fatecloud.model.identity import ServiceId
from fatecloud.model.node import Node, Paths, Ssh
from fatecloud.model.owner import Owner, Placed
from fatecloud.model.python import PythonRequirement, PythonSet
from fatecloud.model.release import Release
from fatecloud.model.service import NodeProbe, Objects, PortUse, Process
from fatecloud.model.trees import Tree

CLUSTER_ID = "c3f9a2b1d4e5f607"
KEY = "9999/flow@a1"
PASSWORD = "9999.web.password"

RELEASE = Release(
    name="tiny",
    summary="",
    arch="x86_64",
    components={"flow": "1"},
    minimum={},
    architectures=("standalone",),
    unsupported={},
    pythons={
        "fate": PythonRequirement(
            release="tiny",
            name="fate",
            arch="x86_64",
            minor="3.10",
            requires="",
            reasons={},
            needs_modules=(),
            wants_modules={},
            check_imports=(),
            lock=(Artifact("x==1", "x-1-py3-none-any.whl", "a" * 64, 10, "wheel"),),
            installer=Artifact("uv", "uv.whl", "0" * 64, 1, "installer"),
            builders=(),
            build_environment={},
        )
    },
)
PYTHON = PythonSet(
    RELEASE.pythons["fate"], Artifact("cpython==3.10.1", "cpython.tar.gz", "b" * 64, 1 << 20, "interpreter")
)
TREE = Tree("app", (Artifact("app==1", "app-1.tar.gz", "c" * 64, 10, "archive"),), "app")
PYTHONS = {("tiny", "fate"): PYTHON}
"""What a store would hold of the release."""

ANSWERS = """\
import json, sys, urllib.request
url = sys.argv[1] if len(sys.argv) > 1 else sys.stdin.readline()
try:
    with urllib.request.urlopen(url, timeout=2) as answer:
        print(json.dumps({"ok": answer.status == 200}))
except OSError as error:
    print(json.dumps({"ok": False, "kind": "refused", "error": str(error)}))
"""


def node(base: Path | str, **changes: Any) -> Node:
    root = str(base)
    plain = Node(
        name="a1",
        address="127.0.0.1",
        connection="local",
        bind="127.0.0.1",
        advertise="127.0.0.1",
        ssh=Ssh(user="root"),
        become="none",
        become_password=None,
        service_user="root",
        service_group="root",
        supervision="systemd",
        packages="repos",
        paths=Paths(root, f"{root}/data", f"{root}/logs", f"{root}/backup"),
    )
    return dataclasses.replace(plain, **changes)


def file(path: str, text: str, mode: int = 0o640, **changes: Any) -> DesiredFile:
    plain = DesiredFile(path, text, mode, "root", KEY, restarts=True, digest=hashlib.sha256(text.encode()).hexdigest())
    return dataclasses.replace(plain, **changes)


def desired(where: Node, port: int = 8123, extra: tuple[DesiredFile, ...] = ()) -> Desired:
    """One service that serves its own directory over HTTP."""
    ident = ServiceId("tiny-c3f9a2", "9999", "flow", where.name)
    home = f"{where.paths.base}/{ident.slug}"
    account = account_of(where, ident)
    logs = f"{where.paths.logs}/{ident.slug}"
    unit = f"/etc/systemd/system/{ident.unit}"
    start = f"{home}/bin/start"
    site = f"{home}/conf/site.json"
    inputs = f"{site} {start} {unit}"
    files = (
        file(site, '{"password": @@fatecloud:9999.web.password:json@@, "braces": "{{ not a template }}"}\n'),
        file(
            start,
            f"#!/bin/sh\nset -e\nsha256sum {inputs} > {home}/run/new\nmv {home}/run/new {home}/run/started\n"
            f"exec /usr/bin/python3 -m http.server --bind 127.0.0.1 --directory {home}/conf {port}\n",
            0o750,
        ),
        file(
            unit,
            f"# {ident.stamp}\n[Unit]\nDescription=tiny\n[Service]\nUser={account.user}\nExecStart={start}\n"
            "Restart=always\n[Install]\nWantedBy=multi-user.target\n",
            0o644,
            owner="root",
        ),
        *extra,
    )
    service = DesiredService(
        id=ident,
        generation="v2",
        version="1",
        home=home,
        user=account.user,
        group=account.group,
        ports=(PortUse("http", port, "127.0.0.1"),),
        edges=(),
        process=Process(argv=("/usr/bin/python3",), console=f"{logs}/console.log"),
        places={home: 0o750, f"{home}/conf": 0o750, f"{home}/bin": 0o750},
        directories={f"{home}/run": 0o750, logs: 0o750},
        specs=(),
        probes=(NodeProbe("web.answers", ("/usr/bin/python3", "-", f"http://127.0.0.1:{port}/"), ANSWERS),),
        logs=(),
        readiness="web.answers",
        readiness_deadline=20,
        runtime=None,
        packages={},
        masks={},
        objects=Objects(f"{home}/bin/objects", (site,), f"{home}/run/applied") if extra else None,
    )
    cluster = Cluster(
        name="tiny",
        id=CLUSTER_ID,
        nodes={where.name: where},
        owners={"9999": Owner("9999", "party", "tiny", "standalone", {}, {"flow": (Placed(where.name),)}, {})},
        peers={},
    )
    return Desired(cluster, {"9999": RELEASE}, {ident.key: service}, {where.name: files}, ((ident.key,),))

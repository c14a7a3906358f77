"""Takes or releases the lease of a node. The action plugin of the same name adds who asks.

Parameters: `state` (acquired, renewed or released), `base`, `run`, `cluster` (its name), `id`
(the cluster's), `layout` (the number of `model/layout.py`), `node` (its name in the inventory),
`owner`, `controller`, `process` (who asks, on the controller), `deploys` (keys of the services that
the run deploys on this node), `takeover` (id of the run whose
lease may be taken although it has not expired, or `*`), `shown` (what the plan was made from, see
`state_digest`; empty to take the node whatever is on it), `wait` (seconds that what an
old run left on the node may still take before it is ended), `scratch` (where Ansible puts files of
a task for a moment; `~` is the home of the user that it logs in as).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pwd
import shutil
import signal
import time

from ansible.module_utils import fatecloud_copies as copies
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.fatecloud_inside import make_directory, sha256_of
from ansible.module_utils.fatecloud_marks import content as entries_of
from ansible.module_utils.fatecloud_node import (
    IDENTITY,
    MARK,
    POLL,
    Manifest,
    Refused,
    assert_lease,
    extended,
    lease_path,
    left,
    locked,
    missing,
    private,
    read_json,
    read_lease,
    write_lease,
)
from ansible.module_utils.fatecloud_places import MANIFEST
from ansible.module_utils.fatecloud_refused import conclude
from ansible.module_utils.fatecloud_register import enter, refuse_conflict
from ansible.module_utils.fatecloud_strays import send

ENVIRONMENT = 1 << 20
"""Bytes that are read of a process's environment."""
INSTALLATIONS = "/run/fatecloud"
"""Below it, by the cluster's id, Ansible keeps how far installations of packages are; see `roles/node/vars`."""


def forget(cluster_id: str, scratch: str) -> None:
    """Remove what runs, the killed ones among them, left outside of the base directory. None is at work any more."""
    shutil.rmtree(os.path.join(INSTALLATIONS, cluster_id), ignore_errors=True)
    with contextlib.suppress(OSError):  # it is not there, or another cluster's are in it
        os.rmdir(INSTALLATIONS)
    if scratch:
        shutil.rmtree(at_login(scratch), ignore_errors=True)


def at_login(path: str) -> str:
    """A path whose `~` is the home of the user that logged in, also where sudo made that user root."""
    if path.startswith("~/"):
        path = "~" + os.environ.get("SUDO_USER", "") + path[1:]
    return os.path.expanduser(path)


def processes_of(run: str, proc: str = "/proc") -> tuple:
    """Processes on this machine that bear the mark of a run: those that are ours, and those of other users."""
    mark = f"{MARK}={run}".encode()
    ours, others = [], []
    for name in os.listdir(proc):
        if name.isdigit() and int(name) != os.getpid():
            with contextlib.suppress(OSError), open(os.path.join(proc, name, "environ"), "rb") as file:
                if mark in file.read(ENVIRONMENT).split(b"\0"):
                    (ours if _is_ours(os.path.join(proc, name)) else others).append(int(name))
    return ours, others


def _is_ours(folder: str) -> bool:
    """Whether a process is altogether our user's: not one that runs a program with the rights of another."""
    with open(os.path.join(folder, "status"), "rb") as file:
        users = next((line.split()[1:] for line in file if line.startswith(b"Uid:")), [])
    return {int(user) for user in users} == {os.geteuid()}


def _gone(run: str, seconds: float) -> bool:
    """Whether a run's own processes end within that time.

    What a run started as a service's user ends with them. A process of such a user could also have given itself the
    mark, so none of them can keep a run waiting.
    """
    deadline = time.monotonic() + seconds
    while processes_of(run)[0]:
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL)
    return True


def end_old(run: str, wait: float) -> None:
    """Let a run's left-over processes finish for a while, then end them.

    Raises:
        Refused: one of them cannot be ended.
    """
    ended = _gone(run, wait)
    for number, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
        if not ended:
            for pid in processes_of(run)[0]:
                send(pid, number)
            ended = _gone(run, patience)
    if not ended:
        raise Refused(f"processes {processes_of(run)[0]} of run {run} cannot be ended")
    for pid in processes_of(run)[1]:
        # Questions and scripts that can run again, or nothing of ours. Its own user ends it: a number may be reused.
        with contextlib.suppress(OSError, KeyError):
            send(pid, signal.SIGKILL, pwd.getpwuid(os.stat(f"/proc/{pid}").st_uid).pw_name)


def may_take(lease: dict | None, run: str, takeover: str) -> bool:
    """Whether a run may take the node, given the lease that is there."""
    return lease is None or lease["run"] == run or left(lease) <= 0 or takeover in ("*", lease["run"])


def refuse_other(record: dict, params: dict) -> None:
    """Refuse a base directory that belongs to another cluster or to another node.

    Args:
        record: the manifest of the base directory.

    Raises:
        Refused: it is another cluster's, was made for another node of the inventory, or by another version of
            fatecloud.
    """
    base = params["base"]
    if record.get("id", params["id"]) != params["id"]:
        theirs = f"{record['cluster']} (id {record['id']})"
        raise Refused(
            f"{base} belongs to cluster {theirs}, not to {params['cluster']} (id {params['id']})", foreign=theirs
        )
    if record.get("cluster", params["cluster"]) != params["cluster"]:
        # Units and directories are named after it: under another name, running ones would be neither found nor removed.
        raise Refused(
            f"this cluster was deployed in {base} under the name {record['cluster']}, not {params['cluster']}",
            renamed=record["cluster"],
        )
    if record.get("node", params["node"]) != params["node"]:
        raise Refused(same_machine(base, record["node"], params["node"]), twice=record["node"])
    if record.get("id") and record.get("layout") != params["layout"]:
        there = record.get("layout", 1)
        raise Refused(
            f"another version of fatecloud has deployed in {base} (layout {there}, not {params['layout']})",
            layout=there,
        )


def refuse_twin(lease: dict | None, params: dict) -> None:
    """Refuse a node that this very run has taken already, by another name. Raises Refused."""
    if lease and lease["run"] == params["run"] and lease["node"] != params["node"]:
        raise Refused(same_machine(params["base"], lease["node"], params["node"]), twice=lease["node"])


def same_machine(base: str, one: str, other: str) -> str:
    """Sentence for a machine that an inventory reaches by a second name."""
    return f"{base} on this machine is node {one}'s, so the inventory cannot use it as node {other}"


def content(path: str) -> str | None:
    """What `sha256_of` says of a path; None for what cannot be read, as the collector has it."""
    try:
        return sha256_of(path)
    except OSError:
        return None


def state_digest(base: str, paths: list) -> str:
    """Hex sha256 of the manifest and of the content of these files: what a plan is made from (`plan/shown.py`)."""
    manifest = read_json(os.path.join(private(base), MANIFEST))
    text = json.dumps({"files": {path: content(path) for path in paths}, "manifest": manifest}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def refuse_changed(params: dict) -> None:
    """Raise Refused where the node is not any more what the plan was made from."""
    shown = params["shown"]
    if not shown or state_digest(params["base"], shown["paths"]) == shown["digest"]:
        return
    services = Manifest(params["base"]).data["services"].values()
    last = max(services, key=lambda entry: entry.get("at", 0), default={}).get("run")
    by = f"; run {last} was the last to change its services" if last else ""
    raise Refused(f"this node has changed since the plan was made{by}", outdated=True)


def _write_down(params: dict, fresh: list) -> None:
    """Record whose the base directory is, before anything takes long: in the manifest and in the machine's register.

    Copies of replaced files go here when they are old, because each run that changes anything comes by.

    Args:
        fresh: the directories that were made for it. From now on only the record knows that they go with the cluster.
    """
    base = params["base"]
    manifest = Manifest(base)
    if not manifest.data.get("node"):
        manifest.data.update({key: params[key] for key in (*IDENTITY, "layout")})
        manifest.note("shared", fresh)
    copies.remove(manifest)
    manifest.save()
    enter(base, manifest.data)


def acquire(params: dict) -> dict:
    """Take the lease.

    Raises:
        Refused: another run holds it, its base directory is another cluster's or not fatecloud's, or it has changed
            since the plan was made.
    """
    base, run = params["base"], params["run"]
    if not os.path.isdir(private(base)) and os.path.isdir(base) and entries_of(base):
        # Our directory in it would make it look like ours from then on.
        raise Refused(f"{base} is not empty and was not made by fatecloud", foreign=base)
    record = Manifest(base).data
    refuse_other(record, params)
    refuse_conflict(params)
    fresh = missing(base)
    if not record.get("id") and entries_of(base) == [os.path.basename(private(base))]:
        # A run was cut off before it could record that it made the directory. If another account made it,
        # nothing is lost: a destroy removes it only when it is empty.
        fresh = [base]
    make_directory(private(base), 0o700)
    lease = read_lease(base)
    if not may_take(lease, run, params["takeover"]):
        message = (
            f"run {lease['run']} of {lease['owner']} holds this node, for {left(lease):.0f} s unless it is renewed"
        )
        raise Refused(message, held=lease)
    refuse_twin(lease, params)
    if lease and lease["run"] != run:
        end_old(lease["run"], params["wait"])
    with locked(base, run, params["wait"]):
        now = read_lease(base)
        if now != lease:
            refuse_twin(now, params)
            raise Refused("another run took this node at this very moment", held=now)
        if not lease or lease["run"] != run:
            refuse_changed(params)
        if lease and lease["run"] != run:
            forget(params["id"], params["scratch"])
        mine = {key: params[key] for key in (*IDENTITY, "owner", "controller", "run", "process", "deploys")}
        write_lease(base, extended(mine))
        _write_down(params, fresh)
    return {
        "changed": lease is None or lease["run"] != run,
        "taken_from": lease if lease and lease["run"] != run else None,
    }


def renew(params: dict) -> dict:
    """Renew the lease for its whole time, before a step that may take long and does not renew it.

    Raises:
        Refused: the run does not hold the node.
    """
    base, run = params["base"], params["run"]
    with locked(base, run, params["wait"]):
        write_lease(base, extended(assert_lease(base, run)))
    return {"changed": False}


def release(params: dict) -> dict:
    """Release the lease; another run's is left alone.

    Raises:
        Refused: something that this run began is still running. The lease stays, so that the next run waits for it.
    """
    base, run = params["base"], params["run"]
    lease = read_lease(base)
    if lease is None or lease["run"] != run:
        return {"changed": False}
    if not _gone(run, params["wait"]):
        raise Refused(f"processes {processes_of(run)[0]} of run {run} are still running")
    with locked(base, run, params["wait"]):
        # One that had run out may have been taken while we waited.
        mine = (read_lease(base) or {}).get("run") == run
        if mine:
            forget(lease["id"], params["scratch"])
            os.unlink(lease_path(base))
    return {"changed": mine}


STATES = {"acquired": acquire, "renewed": renew, "released": release}


def main() -> None:
    """Ansible's entry."""
    module = AnsibleModule(
        argument_spec={
            "state": {"choices": list(STATES), "required": True},
            "base": {"type": "path", "required": True},
            "run": {"required": True},
            "cluster": {"default": ""},
            "id": {"default": ""},
            "layout": {"type": "int", "default": 0},
            "node": {"default": ""},
            "owner": {"default": ""},
            "controller": {"default": ""},
            "process": {"type": "dict", "default": {}},
            "deploys": {"type": "list", "elements": "str", "default": []},
            "takeover": {"default": ""},
            "shown": {"type": "dict", "default": {}},
            "wait": {"type": "float", "default": 120},
            "scratch": {"default": ""},
        },
        supports_check_mode=True,
    )
    conclude(module, lambda params, check: {"changed": False} if check else STATES[params["state"]](params))


if __name__ == "__main__":
    main()

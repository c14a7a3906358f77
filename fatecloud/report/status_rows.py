"""The daily screen as data: one row per service, from facts alone, without asking the services. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.duration import duration_text
from fatecloud.model.identity import in_order
from fatecloud.model.last_check import LastCheck
from fatecloud.model.lease import held_by
from fatecloud.model.observed import NodeFacts, Observed
from fatecloud.model.release import DISTRIBUTION
from fatecloud.model.states import DOWN
from fatecloud.model.workers import AtWork, Workers, at_work

_RESTARTS = ("auto-restart", "backoff")


@dataclass(frozen=True, slots=True)
class Row:
    """One service."""

    owner: str
    node: str
    component: str
    version: str
    """For software of the node's distribution, the version of its package, if it could be read."""
    deployed: str
    """`yes`, `changed` (the node differs from the last deploy, or a deploy would change something), `no`, `?`."""
    running: str
    """`yes`, `settling`, `restarting`, `hung`, `stopping`, `no`, `?`."""
    since: float | None
    """Seconds since its last start or stop."""
    ports: Mapping[str, bool | None]
    """Port -> whether its process listens on it; None if it could not be read."""
    notes: tuple[str, ...]
    workers: tuple[Workers, AtWork] | None = None
    """Those of a service that has such; None also where it was not read."""

    @property
    def well(self) -> bool:
        """Whether nothing needs attention."""
        return self.deployed == "yes" and self.running == "yes" and all(self.ports.values())


@dataclass(frozen=True, slots=True)
class Status:
    """The whole screen."""

    cluster: str
    releases: tuple[str, ...]
    """Of its owners, each once."""
    taken: float
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    """About nodes: not reached, held by a run, last change."""
    last_check: LastCheck | None = None
    """The newest check of the whole cluster on this controller."""

    @property
    def exit_status(self) -> int:
        """0 if every service runs as deployed, 1 if not, 3 if a node could not be read."""
        if any("?" in (row.deployed, row.running) for row in self.rows):
            return 3
        return 0 if all(row.well for row in self.rows) else 1


def status_of(
    desired: Desired, observed: Observed, keys: Collection[str] = (), last_check: LastCheck | None = None
) -> Status:
    """Work out the screen.

    Args:
        keys: services to show; empty for all.
        last_check: what this controller's newest check of the whole cluster found.
    """
    shown = sorted((s for key, s in desired.services.items() if not keys or key in keys), key=_place)
    nodes = sorted({service.id.node for service in shown})
    notes = tuple(f"{name}: {note}" for name in nodes for note in _node_notes(observed, name))
    return Status(
        desired.cluster.name,
        desired.cluster.releases,
        observed.taken,
        tuple(_row(desired, observed, service) for service in shown),
        notes,
        last_check,
    )


def _place(service: DesiredService) -> tuple[tuple[bool, int, str], str, str]:
    ident = service.id
    return in_order(ident.owner), ident.node, ident.component


def _row(desired: Desired, observed: Observed, service: DesiredService) -> Row:
    facts = observed.reached(service.id.node)
    ident = service.id
    if facts is None:
        ports: Mapping[str, bool | None] = {str(port.number): None for port in service.ports}
        return Row(ident.owner, ident.node, ident.component, service.version, "?", "?", None, ports, ())
    state = (facts.fact("services").value or {}).get(ident.key)
    ports = _ports(facts, service, state)
    running, why = _running(facts, service, state, ports)
    deployed, changes = _deployed(desired, facts, service)
    since = state.get("since") if state else None
    clock = facts.fact("clock").value
    return Row(
        ident.owner,
        ident.node,
        ident.component,
        _version(facts, service),
        deployed,
        running,
        max(0.0, clock["epoch"] - since) if since and clock else None,
        ports,
        (*why, *changes),
        (service.workers, at_work(service.workers, state)) if service.workers and state else None,
    )


def _version(facts: NodeFacts, service: DesiredService) -> str:
    if service.version != DISTRIBUTION:
        return service.version
    there = facts.fact("packages").value or {}
    found = [there[name] for names in service.packages.values() for name in names if there.get(name)]
    return ", ".join(dict.fromkeys(found)) or service.version


def _running(
    facts: NodeFacts, service: DesiredService, state: Mapping[str, Any] | None, ports: Mapping[str, bool | None]
) -> tuple[str, tuple[str, ...]]:
    if state is None:
        return "?", (str(facts.fact("services").error or "no reading"),)
    notes = [*_oddities(state)]
    silent = [number for number, listens in ports.items() if listens is False]
    word = _word(state, settling=bool(silent) and _is_young(facts, service, state))
    if word == "yes" and silent:
        notes.insert(0, f"does not listen on {', '.join(silent)}")
    return word, tuple(notes)


def _word(state: Mapping[str, Any], *, settling: bool) -> str:
    if state["state"] in DOWN:
        return "no"
    if (state.get("main") or {}).get("frozen"):
        return "hung"
    if state["state"] == "stopping":
        return "stopping"
    if state.get("sub") in _RESTARTS:
        return "restarting"
    return "settling" if settling or state["state"] == "starting" else "yes"


def _oddities(state: Mapping[str, Any]) -> Iterator[str]:
    if state["state"] == "failed":
        yield f"failed: {state.get('result') or 'unknown'} (exit {state.get('exit')})"
    main, still = state.get("main") or {}, [child for child in state.get("children", ()) if child["frozen"]]
    if main.get("frozen"):
        yield f"its main process {main['pid']} is stopped"
    elif still:
        yield f"{len(still)} of its {state.get('processes')} processes stopped, among them {still[0]['pid']}"
    if state["state"] == "unsupervised":
        yield "runs without its supervisor"
    if state["state"] != "absent" and state.get("enabled") is False:
        yield "does not start at boot"
    if state.get("restarts"):
        yield f"restarted {state['restarts']} times"


def _is_young(facts: NodeFacts, service: DesiredService, state: Mapping[str, Any]) -> bool:
    clock = facts.fact("clock").value
    since = state.get("since")
    return bool(clock and since and clock["epoch"] - since < service.readiness_deadline)


def _ports(facts: NodeFacts, service: DesiredService, state: Mapping[str, Any] | None) -> dict[str, bool | None]:
    listeners = facts.fact("listeners")
    if not listeners.ok:
        return {str(port.number): None for port in service.ports}
    pids = set((state or {}).get("pids", ()))
    # Where root alone could tell whose a socket is, the number has to do.
    held = {item["port"] for item in listeners.value if item["pid"] is None or item["pid"] in pids}
    return {str(port.number): bool(pids) and port.number in held for port in service.ports}


def _deployed(desired: Desired, facts: NodeFacts, service: DesiredService) -> tuple[str, tuple[str, ...]]:
    manifest, files = facts.fact("manifest"), facts.fact("files")
    if not manifest.ok:
        return "?", (str(manifest.error),)
    record = manifest.value or {}
    if service.id.key not in record.get("services", {}):
        return "no", ()
    if not files.ok:
        return "?", (str(files.error),)
    known = record.get("files", {})
    wanted = [file for file in desired.files.get(service.id.node, ()) if file.service == service.id.key]
    drifted = sum(1 for file in wanted if file.path in known and _differs(known[file.path], files.value.get(file.path)))
    pending = sum(1 for file in wanted if known.get(file.path, {}).get("digest") != file.digest)
    version = record["services"][service.id.key].get("version")
    notes = (
        *((f"{drifted} file{'s' * (drifted > 1)} edited by hand",) * bool(drifted)),
        *((f"{pending} file{'s' * (pending > 1)} to deploy",) * bool(pending)),
        *((f"has {version}",) * (version != service.version)),
    )
    return ("changed" if notes else "yes"), notes


def _differs(known: Mapping[str, Any], found: Mapping[str, Any] | None) -> bool:
    return found is None or bool(found.get("sha256") != known.get("sha256"))


def _node_notes(observed: Observed, name: str) -> Iterator[str]:
    entry = observed.nodes.get(name)
    if not isinstance(entry, NodeFacts):
        yield f"not read: {entry.message}" if entry else "not read"
        return
    manifest, clock = entry.fact("manifest").value, entry.fact("clock").value
    if lease := held_by(observed, name):
        yield f"held by {lease.get('owner', 'an unknown operator')}, run {lease.get('run', '?')}"
    if entry.fact("manifest").ok and not (manifest or {}).get("services"):
        yield "nothing is deployed here; run fatecloud deploy"
    proofs = (manifest or {}).get("proofs") or {}
    for proof in {proof["run"]: proof for proof in proofs.values()}.values() if clock else ():
        owners = " and ".join(owner for owner, one in proofs.items() if one["run"] == proof["run"])
        ago = duration_text(clock["epoch"] - float(proof["at"]))
        yield f"last smoke test of {owners} {ago} ago, run {proof['run']}"

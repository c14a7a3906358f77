"""Desired x Observed -> Plan."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from posixpath import dirname
from typing import Any

from fatecloud.errors import RunError
from fatecloud.model.access import folders_wrong
from fatecloud.model.accounts import has_own_account
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.filtering import unfiltered
from fatecloud.model.layout import filter_rules_of, thin_marker_of
from fatecloud.model.listening import silent_ports
from fatecloud.model.observed import NodeFacts, Observed
from fatecloud.model.own_accounts import differences
from fatecloud.model.parts import damaged_of, lacking, parts_of
from fatecloud.model.plan import Action, FileChange, Plan, Stage
from fatecloud.model.remedy import remedy_text
from fatecloud.model.service import PortUse
from fatecloud.model.states import AT_REST, UP, is_left
from fatecloud.plan.belonging import refuse_strangers
from fatecloud.plan.data import NO_WISH, DataWish, data_actions, data_gone, data_left, state_of
from fatecloud.plan.files import file_changes
from fatecloud.plan.migrations import migrations
from fatecloud.plan.objects import objects_left
from fatecloud.plan.proofs import unproven
from fatecloud.plan.real import applied_hash, markers, real_hashes, started_inputs
from fatecloud.render.node_variables import prepared_digest

_NEEDED = ("files", "manifest", "os", "packages", "services", "users")
"""Facts that every plan needs."""


def make_plan(
    desired: Desired,
    observed: Observed,
    secrets: Mapping[str, str],
    old_texts: Mapping[str, str] | None = None,
    *,
    nodes: Collection[str] = (),
    wish: DataWish = NO_WISH,
) -> Plan:
    """Compare the desired state with the observed one.

    Args:
        desired: with rendered files.
        observed: every node that the plan is for must have been reached.
        secrets: full secret name -> value; only hashes of filled files leave this function.
        old_texts: secret-free digest -> text that is on the nodes now, for diffs.
        nodes: names of the nodes that the plan is for; empty for all. A smoke test needs all of them.
        wish: what the operator decided about the data of services.

    Raises:
        Refused: a node is not the one that the inventory means.
        RunError: nodes gave no facts, or facts that a plan needs are missing; names all of these nodes.
        SecretsError: a file needs a secret that has no value.
    """
    # First of all: what follows would compare our files with those of another cluster.
    refuse_strangers(desired.cluster, observed, nodes or desired.cluster.nodes)
    changes: list[FileChange] = []
    node_actions: list[Action] = []
    by_service: dict[str, list[Action]] = {key: [] for key in desired.services}
    migrating: dict[str, tuple[Action, ...]] = {}
    manifests: dict[str, Mapping[str, Any]] = {}
    unprepared = []
    for name, facts in _read(observed, sorted(nodes or desired.cluster.nodes)).items():
        files = desired.files.get(name, ())
        manifest = manifests[name] = _value(facts, "manifest") or {}
        seen, real = _value(facts, "files"), real_hashes(files, secrets)
        unfinished = [dirname(path) for s in desired.on_node(name) for path in s.markers if not seen.get(path)]
        record, pending = manifest.get("files", {}), manifest.get("pending", {})
        here = file_changes(desired, name, real, seen, record, old_texts or {}, pending, unfinished)
        changes += here
        of_node = _node_actions(desired, facts, manifest, here)
        node_actions += of_node
        # Of accounts, masked units and supervision no fact says all; the digest of what was last made is compared.
        if of_node or manifest.get("prepared") != prepared_digest(desired, desired.node(name)):
            unprepared.append(name)
        for service in desired.on_node(name):
            by_service[service.id.key] += data_actions(service, state_of(service, facts, manifest), wish)
            migrating[service.id.key] = migrations(desired, service, manifest)
            by_service[service.id.key] += _service_actions(desired, service, facts, here, real)
    stages = [Stage("nodes", tuple(node_actions))] if node_actions else []
    for number, keys in enumerate(desired.stages, 1):
        actions = tuple(action for key in keys for action in by_service[key])
        if first := tuple(action for key in keys for action in migrating.get(key, ())):
            stages.append(Stage(f"migrations before stage {number}", first))
        if actions:
            stages.append(Stage(f"stage {number}", actions))
    return Plan(
        desired.cluster.name,
        tuple(stages),
        tuple(changes),
        proof=() if nodes else unproven(desired, stages, manifests.values()),
        unprepared=tuple(unprepared),
        left=data_left(desired, manifests),
        unneeded=objects_left(desired, manifests),
        gone=tuple(gone for gone in data_gone(desired, observed, manifests) if gone.service not in wish.services),
    )


def _read(observed: Observed, names: Collection[str]) -> dict[str, NodeFacts]:
    """The facts of every node. One error names all nodes without facts, so that they can be repaired together."""
    read: dict[str, NodeFacts] = {}
    problems, remedies = [], []
    for name in names:
        facts = observed.reached(name)
        if facts is None:
            lost = observed.nodes.get(name)
            problems.append(f"{name}: {getattr(lost, 'message', 'gave no facts')}")
            remedies.append(remedy_text(getattr(lost, "remedies", ())))
            continue
        unread = [f"{fact}: {facts.fact(fact).error}" for fact in _NEEDED if not facts.fact(fact).ok]
        if unread:
            problems.append(f"{name}: could not read {'; '.join(unread)}")
            remedies.append("fatecloud check")
        read[name] = facts
    if problems:
        raise RunError("\n".join(problems), remedy="\n".join(dict.fromkeys(filter(None, remedies))))
    return read


def _value(facts: NodeFacts, name: str) -> Any:
    fact = facts.fact(name)
    if not fact.ok:
        raise RunError(f"{facts.node}: could not read {name}: {fact.error}", remedy="fatecloud check")
    return fact.value


def _node_actions(
    desired: Desired, facts: NodeFacts, manifest: Mapping[str, Any], changes: tuple[FileChange, ...]
) -> list[Action]:
    node, actions = facts.node, []
    services = desired.on_node(node)
    parts = parts_of(desired, node)
    new = lacking(parts, _value(facts, "store")) if parts else ()
    actions += [Action("install", node, "node", part.title) for part in new]
    packages = _value(facts, "packages")
    family = _value(facts, "os")["family"]
    missing = sorted({p for s in services for p in s.packages.get(family, ()) if packages.get(p) is None})
    if missing:
        actions.append(Action("install", node, "node", f"distribution packages {', '.join(missing)}"))
    users = sorted({s.user for s in services if _lacks_user(s, facts)})
    if users:
        actions.append(Action("install", node, "node", f"user{'s' * (len(users) > 1)} {', '.join(users)}"))
    actions += [
        Action("configure", node, "node", f"{what} of user {service.user}: {now}")
        for service in services
        for what, now in sorted(_changed_account(desired, service, facts).items())
    ]
    if not manifest and not actions:
        actions.append(Action("install", node, "node", "directories and manifest"))
    actions += [
        Action("configure", node, "node", f"{change.kind} {change.path}")
        for change in changes
        if change.service == "node"
    ]
    actions += _folder_actions(desired, facts, None)
    known = {s.id.key for s in services} | {"node"}
    # A file of a service whose record is lost still names it.
    gone = sorted({*manifest.get("services", {}), *(c.service for c in changes if c.kind == "remove")} - known)
    actions += [Action("remove", node, key, "no longer in the inventory") for key in gone]
    return actions


def _folder_actions(desired: Desired, facts: NodeFacts, service: DesiredService | None) -> list[Action]:
    key, recorded = service.id.key if service else "node", _value(facts, "manifest") or {}
    if not recorded or (service and key not in recorded.get("services", {})):
        return []  # all that it needs is made
    seen = facts.fact("folders").value or {}
    gone, other = folders_wrong(desired, desired.node(facts.node), service, seen)
    actions = [Action("configure", facts.node, key, f"make {path}") for path in gone]
    return actions + [Action("configure", facts.node, key, f"mode and owner of {path}") for path in other]


def _silent(service: DesiredService, facts: NodeFacts) -> list[PortUse]:
    """Ports on which a running service does not listen."""
    listeners = facts.fact("listeners")
    return silent_ports(service.ports, listeners.value) if listeners.ok else []


def _woken(service: DesiredService, facts: NodeFacts, state: Mapping[str, Any], port: int) -> Action:
    """What is done about a service that runs without listening: one that hangs in its start does so for ever.

    One that was started a moment ago may still come up: it is only waited for.
    """
    since, clock, where = state.get("since"), facts.fact("clock"), service.id
    if since is None or not clock.ok or clock.value["epoch"] - since < service.readiness_deadline:
        return Action("start", where.node, where.key, f"it does not listen on port {port} yet")
    return Action("restart", where.node, where.key, f"it runs, but does not listen on port {port}")


def _changed_account(desired: Desired, service: DesiredService, facts: NodeFacts) -> dict[str, str]:
    """What a deploy puts right about a service's own account; its home only while nothing runs as it."""
    if not has_own_account(desired.node(service.id.node)):
        return {}
    known = _value(facts, "users").get(service.user)
    state = (_value(facts, "services").get(service.id.key) or {"state": "absent"})["state"]
    found = differences(known) if known else {}
    return {what: now for what, now in found.items() if what != "home" or state in AT_REST}


def _lacks_user(service: DesiredService, facts: NodeFacts) -> bool:
    return _value(facts, "users").get(service.user) is None


def _service_actions(
    desired: Desired,
    service: DesiredService,
    facts: NodeFacts,
    changes: tuple[FileChange, ...],
    real: Mapping[str, str],
) -> list[Action]:
    key, node, actions = service.id.key, service.id.node, []
    seen = _value(facts, "files")
    made = {path: (seen.get(path) or {}).get("sha256") for path in markers(desired, service)}
    # The markers say from what an environment was made, and the store's fact whether it is still as it was made.
    if made != markers(desired, service):
        actions.append(Action("install", node, key, f"{service.id.component} {service.version}"))
    elif damaged := damaged_of(service, facts):
        path, wrong = min(damaged.items())
        actions.append(Action("install", node, key, f"{path} is made again: {wrong}"))
    actions += [Action("configure", node, key, f"{c.kind} {c.path}") for c in changes if c.service == key]
    actions += _folder_actions(desired, facts, service)
    known = (_value(facts, "manifest") or {}).get("services", {})
    if _lacks_user(service, facts) and key in known:
        actions.append(Action("configure", node, key, f"its user {service.user} is lost, and made again"))
    state = _value(facts, "services").get(key) or {"state": "absent"}
    if state["state"] != "absent" and state.get("enabled") is False:
        actions.append(Action("configure", node, key, "let it start at boot"))
    if state.get("needs_reload"):
        # A run that was killed has written what it did not come to apply.
        actions.append(Action("configure", node, key, "let systemd read its unit again"))
    # A change of its file is loaded by the deploy that writes it.
    written = filter_rules_of(service.home) in {change.path for change in changes}
    if state["state"] in UP and not written and (problem := unfiltered(service, facts)):
        actions.append(Action("configure", node, key, f"load its packet filter: {problem}"))
    actions += _process_actions(desired, service, facts, state, real)
    if service.objects:
        record = seen.get(service.objects.applied)
        if not record or record["sha256"] != applied_hash(service, real):
            actions.append(Action("object", node, key, "databases, users and rights"))
        elif "objects" not in known.get(key, {"objects": ()}):
            # They are beside the data. A run that was killed has put the service back, and did not come to them.
            actions.append(Action("object", node, key, "databases, users and rights are put on record"))
    return actions


def _process_actions(
    desired: Desired, service: DesiredService, facts: NodeFacts, state: Mapping[str, Any], real: Mapping[str, str]
) -> Iterator[Action]:
    key, node = service.id.key, service.id.node
    if state["state"] == "unsupervised":
        yield Action("restart", node, key, "it runs, but its supervisor does not watch it")
    # `supervisorctl start` does nothing for a program in BACKOFF, whose delay grows.
    elif state["state"] == "retrying":
        yield Action("restart", node, key, "it keeps ending, and supervisor waits before the next attempt")
    elif state["state"] not in UP and not is_left(state):
        yield Action("start", node, key, f"it is {state['state']}")
    else:
        if is_left(state):
            yield Action("start", node, key, f"its unit is gone; brought back, it has process {state['pid']} again")
        wanted = started_inputs(desired, service, desired.files.get(node, ()), real)
        started = state.get("started") or {}
        # A controller without its store does not know the right environment, so it does not compare that one.
        unknown = () if desired.python_of(service) else (thin_marker_of(service.home),)
        stale = sorted(path for path, digest in wanted.items() if started.get(path) != digest)
        stale += sorted(path for path in started if path not in wanted and path not in unknown)
        if stale:
            yield Action("restart", node, key, f"it runs with an older {stale[0]}")
        elif silent := _silent(service, facts):
            yield _woken(service, facts, state, silent[0].number)

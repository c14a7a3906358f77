"""`route undo`: puts back the tables of routes that a run replaced. No service is restarted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from fatecloud.errors import Refused
from fatecloud.model.desired import Desired
from fatecloud.model.duration import seconds
from fatecloud.model.earlier import Version, versions_of
from fatecloud.model.event import Event
from fatecloud.model.selection import Selection, select
from fatecloud.plan.belonging import refuse_strangers
from fatecloud.plan.earlier import chosen, undo_plan
from fatecloud.workflow.deployed import FACTS, deployed_of
from fatecloud.workflow.leases import read_when_free
from fatecloud.workflow.load import load_session
from fatecloud.workflow.observe import manifests, observe
from fatecloud.workflow.options import Options
from fatecloud.workflow.recorded import recorded
from fatecloud.workflow.route import router_keys
from fatecloud.workflow.texts import texts_from
from fatecloud.workflow.ui import Ui


def undo_routes(
    options: Options,
    selection: Selection,
    ui: Ui,
    *,
    run_id: str | None,
    confirm: Callable[[str], bool] | None,
    wait_lock: str | None,
    deadline: float,
    argv: tuple[str, ...],
) -> int:
    """Put back what the selected routers' tables said before a run changed them.

    Args:
        selection: which routers; empty for all.
        run_id: of the run whose changes are undone; None for the last one that changed a table.
        confirm: asks the operator; None means that the answer is yes.
        wait_lock: how long to wait for another run that holds the nodes.
        deadline: seconds for each node to answer when it is read.

    Raises:
        NoMatch: nothing is selected, or no such table is kept.
        NotDeployed: none of the routers is on its node.
        Locked: another run holds a node.
        Refused: a table was changed by hand, a node is not the one that the inventory means, or the operator said no.
        RunError: a node could not be read or changed.
    """
    session = load_session(options)
    desired = session.desired
    keys = router_keys(desired, select(desired, selection))
    nodes = {desired.services[key].id.node for key in keys}
    read = partial(observe, session, probes=False, nodes=nodes, want=FACTS, deadline=deadline)
    observed = read_when_free(session, read, nodes, seconds(wait_lock), ui, verb="route undo", argv=argv)
    refuse_strangers(session.cluster, observed, nodes)
    node_of = {key: desired.services[key].id.node for key in deployed_of(desired, observed, keys, ui)}
    records = manifests(observed)
    kept = {key: versions_of(records[node], key) for key, node in node_of.items()}
    versions = chosen(kept, run_id, observed.taken)
    plan = undo_plan(
        session.cluster.name, node_of, versions, records, texts_from(session, _needed(versions, node_of, records))
    )
    if plan.empty:
        ui.say("nothing to undo: these tables say what they said before")
        return 0
    ui.plan(plan)
    if confirm and not confirm(f"put these routes back in {', '.join(versions)}?"):
        raise Refused("nothing was done")
    wishes: dict[str, list[dict[str, str]]] = {}
    for key, version in versions.items():
        service = desired.services[key]
        wish = {"service": key, "run": version.run, "user": service.user, "group": service.group}
        wishes.setdefault(service.id.node, []).append(wish)
    with recorded(session, "route undo", argv, ui, set(wishes)) as run:
        run.ansible.play("undo_routes.yml", {"fatecloud_undo": wishes}, releases=True)
        run.events(Event("ok", f"put back: {', '.join(versions)}; they are read within seconds, without a restart"))
        if others := [key for key, version in versions.items() if _differs(desired, key, version)]:
            text = f"the inventory still says otherwise of {', '.join(others)}: correct it, or the next deploy brings"
            run.events(Event("note", f"{text} the undone routes back"))
    return 0


def _needed(
    versions: Mapping[str, Version], node_of: Mapping[str, str], records: Mapping[str, Mapping[str, Any]]
) -> dict[str, set[str]]:
    """Node -> digests of the texts before and now."""
    found: dict[str, set[str]] = {}
    for key, version in versions.items():
        files = records[node_of[key]].get("files", {})
        now = {files[path]["digest"] for path in version.files if path in files}
        found.setdefault(node_of[key], set()).update(now | version.digests)
    return found


def _differs(desired: Desired, key: str, version: Version) -> bool:
    """Whether a deploy of the inventory would write other tables than these."""
    files = desired.files.get(desired.services[key].id.node, ())
    wanted = {file.path: file.digest for file in files if file.service == key and file.kept}
    return wanted != {path: entry["digest"] for path, entry in version.files.items() if entry}

"""The order in which Ansible brings up services: stages, and in each of them turns.

Ansible handles a turn on all nodes at the same time, and with names that differ from node to node one node after the
other. All services of a stage are started before any of them is waited for, and the next stage begins when all answer.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import zip_longest

from fatecloud.model.desired import Desired


def turns(desired: Desired) -> dict[str, str]:
    """Service key -> its turn, `stage.number.component`; unique on a node, and the same on many nodes.

    Each instance of a component that rolls has a turn of its own.
    """
    found: dict[str, str] = {}
    for stage, keys in enumerate(desired.stages, 1):
        counts: dict[tuple[str, str], int] = {}
        for key in keys:
            ident, rolls = desired.services[key].id, desired.services[key].rolls
            place = ("" if rolls else ident.node, ident.component)
            number = counts[place] = counts.get(place, 0) + 1
            found[key] = f"{stage}.{number}.{ident.component}"
    return found


def stage_turns(desired: Desired, running: Collection[str] = ()) -> list[list[str]]:
    """The turns of each stage, in order: the service that may take longest to answer starts first.

    A stage with instances that roll becomes several. What does not run is started first, all of it together: an
    ensemble has no quorum before most of its members are there. Those that run follow one after the other, so that
    each is ready, and a quorum remains, before the next one is restarted.

    Args:
        running: keys of the services that ran when the nodes were read.
    """
    return [_in_order(desired, keys) for stage in desired.stages for keys in _rolled(desired, stage, running) if keys]


def _rolled(desired: Desired, keys: Sequence[str], running: Collection[str]) -> list[list[str]]:
    """The keys of a stage: those that are handled together, then one instance after the other."""
    rolling: dict[tuple[str, str], list[str]] = {}
    for key in keys:
        if desired.services[key].rolls and key in running:
            ident = desired.services[key].id
            rolling.setdefault((ident.owner, ident.component), []).append(key)
    # Instances of different ensembles may restart at the same time: each round takes one of each.
    later = {key for instances in rolling.values() for key in instances}
    rounds = [[key for key in instances if key] for instances in zip_longest(*rolling.values())]
    return [[key for key in keys if key not in later], *rounds]


def _in_order(desired: Desired, keys: Sequence[str]) -> list[str]:
    all_turns = turns(desired)
    return list(dict.fromkeys(all_turns[key] for key in sorted(keys, key=lambda key: _patience(desired, key))))


def _patience(desired: Desired, key: str) -> tuple[float, str]:
    return -desired.services[key].readiness_deadline, turns(desired)[key]

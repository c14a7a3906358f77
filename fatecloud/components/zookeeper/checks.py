"""What can be wrong with a member of an ensemble."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fatecloud.components.judging import answer_of, apply_objects, finding, logs, verb
from fatecloud.components.zookeeper.exposures import exposures
from fatecloud.components.zookeeper.want import ACCESS, MEMBERS, STATE
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Edit, Run, look

__all__ = ["access", "exposures", "members", "serving"]

NO_QUORUM = Code(
    "ZOOKEEPER_NO_QUORUM",
    "critical",
    "ZooKeeper takes no requests, because too few members of its ensemble are there.",
    ("member", "node"),
    away=True,
)
MEMBER_MISSING = Code(
    "ZOOKEEPER_MEMBER_MISSING", "warning", "The ensemble works without one of its members.", ("member", "node")
)
UNUSABLE = Code("ZOOKEEPER_UNUSABLE", "critical", "What answers on its port is not ZooKeeper.", ("node",), away=True)
ACCOUNT_WRONG = Code(
    "ZOOKEEPER_ACCOUNT_WRONG", "critical", "ZooKeeper's tree belongs to another account or password than configured."
)
OPEN = Code("ZOOKEEPER_OPEN", "warning", "Anyone may change what is registered in ZooKeeper.")


@service_check(NO_QUORUM, UNUSABLE, component="zookeeper")
def serving(view: ServiceView) -> Iterator[Finding]:
    """It takes requests."""
    answer = answer_of(view, STATE)
    members = view.service.facts["members"]
    if answer["ok"] or answer["kind"] not in ("no_quorum", "foreign"):
        return
    if answer["kind"] == "foreign":
        yield finding(
            view,
            UNUSABLE,
            str(answer["error"]),
            STATE,
            remedy=(look("fatecloud preflight"), Edit("set another port for ZooKeeper, then deploy")),
            got="foreign",
        )
        return
    peers = answer_of(view, MEMBERS)["peers"] if len(members) > 1 else {}
    silent = sorted(node for node, peer in peers.items() if not peer["ok"] and peer["kind"] != "no_quorum")
    yield finding(
        view,
        NO_QUORUM,
        str(answer["error"]),
        STATE,
        cause=f"it does not reach {', '.join(silent)}" if silent else "the members have not elected a leader",
        remedy=tuple(verb_of(members[node]) for node in silent) or (logs(view), verb(view, "restart")),
        expected=f"{len(members) // 2 + 1} of {len(members)} members that reach each other",
        got=f"{len(members) - len(silent)} of {len(members)} answer",
        about=" ".join(members[node] for node in silent),
    )


@service_check(MEMBER_MISSING, component="zookeeper", after=("ZOOKEEPER_NO_QUORUM", "ZOOKEEPER_UNUSABLE"))
def members(view: ServiceView) -> Iterator[Finding]:
    """The leader has all other members with it."""
    answer = answer_of(view, STATE)
    expected = view.service.facts["members"]
    followers = answer["figures"].get("zk_synced_followers", 0) if answer["ok"] else 0
    if not answer["ok"] or answer["mode"] != "leader" or followers >= len(expected) - 1:
        return
    peers = answer_of(view, MEMBERS)["peers"]
    away = sorted(node for node, peer in peers.items() if not peer["ok"])
    yield finding(
        view,
        MEMBER_MISSING,
        f"{followers} of {len(expected) - 1} other members follow the leader",
        STATE,
        cause=f"it does not reach {', '.join(away)}" if away else "a member lags behind, or has just been started",
        remedy=tuple(verb_of(expected[node]) for node in away)
        or (replace(verb(view, "restart"), when="if it does not join within minutes"),),
        expected=f"{len(expected) - 1} followers",
        got=str(followers),
        about=" ".join(expected[node] for node in away),
    )


@service_check(ACCOUNT_WRONG, OPEN, component="zookeeper", after=("ZOOKEEPER_NO_QUORUM", "ZOOKEEPER_UNUSABLE"))
def access(view: ServiceView) -> Iterator[Finding]:
    """The top of the tree is for the configured account, and for no one else."""
    if view.service.objects is None:
        return
    answer = answer_of(view, ACCESS)
    if answer["ok"] or answer["kind"] not in ("password", "refused", "open"):
        return
    code = OPEN if answer["kind"] == "open" else ACCOUNT_WRONG
    yield finding(
        view,
        code,
        str(answer["error"]),
        ACCESS,
        cause="a service of Serving ended: it opens the tree as it goes, and the next one to start closes it again; "
        "or a client without an account was there first, or it was changed by hand"
        if code is OPEN
        else "it was given to another password or account, or data from before a rotation were restored",
        remedy=(apply_objects(view),),
        expected=f"digest:{view.service.facts['account']} with the password of the inventory",
        got=str(answer.get("who", answer["error"])),
    )


def verb_of(key: str) -> Run:
    """The command that starts a member."""
    return Run(f"fatecloud start {key}")

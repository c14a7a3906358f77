"""The checks that routers between parties have in common, as `router_questions.py` has what their probes ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from fatecloud.components.clustermanager.unreached import manager_unreached
from fatecloud.components.judging import answer_of, finding, logs, verb
from fatecloud.components.party_routes import BLOCKED, Route, blocked, flows_behind, routes_to_parties
from fatecloud.components.router_questions import VERSION
from fatecloud.model.check import CheckSpec, Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import PUT_BACK, Ask, Edit, Run

_OTHER = ("party", "status", "foreign")


@dataclass(frozen=True, slots=True)
class Router:
    """A router's software, in the words of its checks."""

    component: str
    """Its codes begin with it, and the names of its probes: `state`, `peers` and `manager`."""
    name: str
    """In the middle of a sentence."""
    answers: str
    """What the flow behind it says, where all is well."""
    holds: str
    """Why it may keep back a command that gets its answer without it."""
    other_api: str
    """The first version of FATE of the generation whose flows do not know the question to the other flow."""

    def code(
        self, name: str, sentence: str, explained_by: tuple[str, ...], *explains: str, outward: bool = False
    ) -> Code:
        """One of its codes, all of them critical; see `Code`."""
        return Code(
            self.named(name),
            "critical",
            sentence,
            explained_by,
            explains=tuple(map(self.named, explains)),
            outward=outward,
        )

    def named(self, code: str) -> str:
        """The whole name of a code of its own."""
        return f"{self.component.upper()}_{code}"

    def probe(self, what: str) -> str:
        """The whole name of a probe of its own."""
        return f"{self.component}.{what}"

    @property
    def begins(self) -> str:
        """Its name at the beginning of a sentence."""
        return self.name[0].upper() + self.name[1:]


class RouterChecks(NamedTuple):
    """A router's checks. Each has to be a name of its component's module `checks`, where they are looked for."""

    usable: CheckSpec
    upstream: CheckSpec
    manager: CheckSpec
    peers: CheckSpec
    passes_on: CheckSpec
    peer_flows: CheckSpec
    versions: CheckSpec


def router_checks(router: Router) -> RouterChecks:
    """The checks of a router with these words."""
    return RouterChecks(
        _usable(router),
        _upstream(router),
        _manager(router),
        _peers(router),
        _passes_on(router),
        _peer_flows(router),
        _versions(router),
    )


def _usable(router: Router) -> CheckSpec:
    code = router.code(
        "UNUSABLE",
        f"What answers on {router.name}'s port does not work as its party's {router.name}.",
        # Of EggRoll 2.0 it then ends every call with an error.
        ("node", "JAVA_WORK_REFUSED"),
    )
    probe = router.probe("state")

    @service_check(code, component=router.component, after=("SERVICE_HUNG",))
    def usable(view: ServiceView) -> Iterator[Finding]:
        """It says that it is this party's."""
        answer = answer_of(view, probe)
        if not answer["ok"] and answer["kind"] in _OTHER:
            yield finding(
                view,
                code,
                str(answer["error"]),
                probe,
                cause="its table of routes was changed by hand or cannot be read, or another program has its port",
                remedy=(*PUT_BACK, verb(view, "restart")),
                expected=f"{router.name} of party {view.service.id.owner}",
                got=str(answer["kind"]),
            )

    return usable


def _upstream(router: Router) -> CheckSpec:
    name, probe = router.name, router.probe("state")
    code = router.code(
        "UPSTREAM_DOWN", f"{router.begins} does not pass commands to its own party's flow.", ("upstream",)
    )

    @service_check(code, component=router.component, after=("SERVICE_HUNG", router.named("UNUSABLE")))
    def upstream(view: ServiceView) -> Iterator[Finding]:
        """A command for this party reaches its flow."""
        behind = answer_of(view, probe).get("behind", {"ok": True})
        lost = not behind["ok"] and not behind.get("named")
        for edge in (edge for edge in view.service.edges if edge.kind == "upstream" and lost):
            yield finding(
                view,
                code,
                f"a command for party {view.service.id.owner} gets {behind['error']}",
                probe,
                cause=f"flow or {name} is down or frozen, or {name} sends to another address than flow listens on",
                remedy=(*PUT_BACK, Run(f"fatecloud restart {edge.target} {view.service.id.key}")),
                expected=f"flow at {edge.endpoint}",
                got=str(behind["kind"]),
                about=edge.target,
            )

    return upstream


def _manager(router: Router) -> CheckSpec:
    code = router.code(
        "MANAGER_DOWN",
        f"{router.begins} cannot reach the clustermanager: data that arrive cannot go to workers.",
        ("manager", "node"),
    )

    @service_check(code, component=router.component)
    def manager(view: ServiceView) -> Iterator[Finding]:
        """The clustermanager answers from here."""
        yield from manager_unreached(view, code, router.probe("manager"))

    return manager


def _peers(router: Router) -> CheckSpec:
    name, probe = router.name, router.probe("peers")
    code = router.code(
        "PEER_UNREACHABLE",
        f"Another party's {name} cannot be reached from here, or is not that party's.",
        ("proxy", "node"),
        outward=True,
    )

    @service_check(code, component=router.component)
    def peers(view: ServiceView) -> Iterator[Finding]:
        """Every other party's router answers, as that party's."""
        wrong = [
            (route, str(route.answer["error"]))
            for route in routes_to_parties(view, probe, "proxy")
            if not route.answer["ok"] and not route.answer.get("exchange") and not route.named
        ]
        yield from blocked(
            view,
            code,
            wrong,
            probe,
            cause=BLOCKED,
            remedy=(
                *(
                    Ask(f"party {route.party}", f"is your {name} at {route.edge.endpoint}, and open to us?")
                    for route, _ in wrong
                ),
                *(Edit(f"correct `proxy` of party {route.party}, then deploy", instead=True) for route, _ in wrong),
            ),
            expected=f"an answer of the right party's {name}",
        )

    return peers


def _passes_on(router: Router) -> CheckSpec:
    probe = router.probe("peers")
    code = router.code(
        "COMMANDS_LOST",
        f"{router.begins} answers, but does not pass on commands that are answered when they are sent past it.",
        ("node",),
        "UPSTREAM_DOWN",
        "PEER_FLOW_DOWN",
    )

    @service_check(code, component=router.component, after=("SERVICE_HUNG", router.named("UNUSABLE")))
    def passes_on(view: ServiceView) -> Iterator[Finding]:
        """What reaches another party's flow without this router reaches it through this router, too."""
        routes = routes_to_parties(view, probe, "proxy")
        lost = [route for route in routes if route.answer.get("own") and not route.named]
        if lost:
            got = lost[0].answer["behind"]
            yield finding(
                view,
                code,
                "; ".join(
                    f"a command for party {route.party} gets {route.answer['behind']['error']}, and an answer of its "
                    f"flow when it is sent past this {router.name}"
                    for route in lost
                ),
                probe,
                cause=router.holds,
                remedy=(verb(view, "restart"), logs(view)),
                expected=router.answers,
                got=str(got["kind"]),
            )

    return passes_on


def _peer_flows(router: Router) -> CheckSpec:
    name = router.name
    down = router.code(
        "PEER_FLOW_DOWN",
        f"Another party's {name} answers, but the flow behind it does not.",
        ("proxy", "peer_flow"),
        outward=True,
    )
    lost = router.code(
        "PEER_MTU", f"Large packets are lost on the route to another party's {name}.", ("proxy",), outward=True
    )

    @service_check(down, lost, component=router.component, after=(router.named("UNUSABLE"),))
    def peer_flows(view: ServiceView) -> Iterator[Finding]:
        """Every other party's flow answers a command through both parties' routers."""
        yield from flows_behind(
            view,
            down,
            lost,
            router.probe("peers"),
            cause=f"that {name} answers us; the flow behind it is down, or our {name} or theirs has another route",
            remedy=(logs(view),),
            expected=router.answers,
        )

    return peer_flows


def _versions(router: Router) -> CheckSpec:
    probe = router.probe("peers")
    code = router.code(
        "PEER_VERSION",
        "Another party has a version of FATE with which no job of this party's runs.",
        (),
        outward=True,
    )

    def version(route: Route) -> str:
        """What the other party's flow said; empty where it said none."""
        said = route.answer.get("behind", {}).get("version")
        return router.other_api if route.named == VERSION else str(said or "")

    @service_check(code, component=router.component, after=(router.named("UNUSABLE"),))
    def versions(view: ServiceView) -> Iterator[Finding]:
        """The flow of each other party, by what it says over both routers, is of a version with which jobs run."""
        release = view.desired.release_of(view.service.id)
        routes = routes_to_parties(view, probe, "proxy")
        apart = [(route, why) for route in routes if (why := release.apart_from(version(route)))]
        yield from blocked(
            view,
            code,
            apart,
            probe,
            cause="one of the two was upgraded, or they were never agreed on",
            remedy=tuple(
                Ask(f"party {route.party}", f"agree on one version: ours is FATE {release.fate}") for route, _ in apart
            ),
            expected=f"a version that works with FATE {release.fate}",
        )

    return versions

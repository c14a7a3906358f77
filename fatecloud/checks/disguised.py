"""An export with pseudonyms in the place of names, field by field: each is a name, a text, or a word of ours. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from fatecloud.checks.private_names import place
from fatecloud.model.behind import PEER
from fatecloud.model.export import TEXT, Export, SeenEdge, SeenFault, SeenRoute, SeenService, SeenWay
from fatecloud.model.pseudonyms import Pseudonyms

_EXTERNAL = "external:"


def disguised(export: Export, pseudonyms: Pseudonyms, redact: Callable[[str], str]) -> Export:
    """The export as it may leave the house.

    Args:
        pseudonyms: they know the cluster's names, and get those of what else is found.
        redact: takes secrets out of a text; it sees each one before a pseudonym could cut a secret in two.
    """
    mask = _Mask({*export.parties, export.partner}, pseudonyms, redact)
    return replace(
        export,
        tag=pseudonyms.tag,
        nodes=tuple(replace(node, name=mask.node(node.name)) for node in export.nodes),
        services=tuple(mask.service(service) for service in export.services),
        faults=tuple(mask.fault(fault) for fault in export.faults),
        edges=tuple(mask.edge(edge) for edge in export.edges),
        routes=tuple(mask.route(route) for route in export.routes),
        ways=tuple(mask.way(way) for way in export.ways),
    )


class _Mask:
    def __init__(self, parties: set[str], pseudonyms: Pseudonyms, redact: Callable[[str], str]) -> None:
        self._parties, self._pseudonyms, self._redact = parties, pseudonyms, redact

    def text(self, text: str) -> str:
        return self._pseudonyms.text(self._redact(text))[:TEXT]

    def node(self, name: str) -> str:
        return self._pseudonyms.of("node", name) if name else ""

    def owner(self, owner: str) -> str:
        if owner in self._parties or not owner:
            return owner
        return self._pseudonyms.of("party" if owner.isdigit() else "group", owner)

    def key(self, key: str) -> str:
        """Key of a service, `peer:10000`, `10000/` for all of a party, or words of ours."""
        if key.startswith(PEER):
            return PEER + self.owner(key.removeprefix(PEER))
        if key.startswith(_EXTERNAL) or "/" not in key:
            return key
        owner, _, rest = key.partition("/")
        component, at, node = rest.partition("@")
        return f"{self.owner(owner)}/{component}{at}{self.node(node)}"

    def subject(self, fault_id: str) -> str:
        code, at, subject = fault_id.partition("@")
        return code + at + (self.key(subject) if "/" in subject else self.node(subject))

    def endpoint(self, endpoint: str) -> str:
        host, colon, port = endpoint.rpartition(":")
        return self._pseudonyms.of(*place(host.strip("[]"))) + colon + port if host else ""

    def service(self, one: SeenService) -> SeenService:
        return replace(one, key=self.key(one.key))

    def fault(self, one: SeenFault) -> SeenFault:
        return replace(
            one,
            owner=self.owner(one.owner),
            node=self.node(one.node),
            service=self.key(one.service),
            about=tuple(map(self.key, one.about)),
            caused_by=tuple(map(self.subject, one.caused_by)),
            text=self.text(one.text),
        )

    def edge(self, one: SeenEdge) -> SeenEdge:
        endpoint = self.endpoint(one.endpoint)
        return replace(
            one, source=self.key(one.source), target=self.key(one.target), endpoint=endpoint, text=self.text(one.text)
        )

    def route(self, one: SeenRoute) -> SeenRoute:
        return replace(one, router=self.key(one.router), endpoint=self.endpoint(one.endpoint))

    def way(self, one: SeenWay) -> SeenWay:
        hops = tuple(
            replace(
                hop,
                source=self.key(hop.source),
                target=self.key(hop.target),
                endpoint=self.endpoint(hop.endpoint),
                error=self.text(hop.error),
            )
            for hop in one.way.hops
        )
        return replace(one, way=replace(one.way, hops=hops))

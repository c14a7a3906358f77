"""The checks that routers with TLS between parties have in common: their own files, and what two parties agree on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from fatecloud.components.judging import answer_of, as_service, finding, verb
from fatecloud.components.party_routes import blocked, routes_to_parties
from fatecloud.model.check import CheckSpec, Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Ask, Edit, Run
from fatecloud.probing.grpc.own_tls import TLS

SOON = 30
"""Days in which a bank's CA signs another certificate, and a restart is agreed on with the partners."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """A router's software that speaks TLS, in the words of its checks."""

    component: str
    prefix: str
    """Of its codes."""
    name: str
    """In the middle of a sentence, with a small letter where it may have one."""
    kind: str
    """Of its edges to other parties, and the name of its public endpoint."""
    without: str
    """What it does where it cannot use its files."""
    port: str
    """What a partner's endpoint has to be."""
    stops: tuple[str, ...] = ()
    """Codes at the router itself that come of such files."""

    def named(self, code: str) -> str:
        """The whole name of a code of its own."""
        return f"{self.prefix}_{code}"

    def probe(self, what: str) -> str:
        """The whole name of a probe of its own."""
        return f"{self.component}.{what}"

    @property
    def begins(self) -> str:
        """Its name at the beginning of a sentence."""
        return self.name[0].upper() + self.name[1:]


class CertificateChecks(NamedTuple):
    """A router's checks. Each has to be a name of its component's module `checks`, where they are looked for."""

    certificate: CheckSpec
    handshakes: CheckSpec


def certificate_checks(speaker: Speaker) -> CertificateChecks:
    """The checks of a router with these words."""
    return CertificateChecks(_certificate(speaker), _handshakes(speaker))


def _certificate(speaker: Speaker) -> CheckSpec:
    unusable = Code(
        speaker.named("CERTIFICATE_UNUSABLE"),
        "critical",
        f"{speaker.begins}'s certificate, key or CAs cannot be used: it does not reach other parties, or they do not "
        "reach it.",
        ("node",),
        explains=("PORT_NOT_LISTENING", speaker.named("PEER_TLS"), *speaker.stops),
    )
    expires = Code(speaker.named("CERTIFICATE_EXPIRES"), "warning", f"{speaker.begins}'s certificate expires soon.")
    readable = Code(
        speaker.named("KEY_READABLE"), "critical", f"Everyone on the node can read the key of {speaker.name}'s TLS."
    )
    probe, source = speaker.probe("certificate"), f"certificate files of {speaker.name}"

    @service_check(unusable, expires, readable, component=speaker.component, while_down=True, early=True)
    def certificate(view: ServiceView) -> Iterator[Finding]:
        """Its files work as its user reads them, its certificate names the host that others use, and is long valid."""
        asked = next((one for one in view.service.probes if one.name == probe), None)
        if asked is None:
            return
        answer, (path, key, ca, host) = answer_of(view, probe), asked.argv[-4:]
        again = (
            replace(as_service(view.service, f"openssl x509 -noout -text -in {path}"), looks=True),
            Edit(f"put files in their place that fit, readable for {speaker.name}'s user"),
            replace(verb(view, "restart"), when="when they are there"),
        )
        if answer.get("open"):
            yield finding(
                view,
                readable,
                f"{key} can be read by everyone",
                probe,
                source=source,
                cause="every user of the node can take the part of this party; consider a new key and certificate",
                remedy=(Run(f"chmod o-rwx {key}", view.facts.node, root=True),),
                expected="no rights for others",
                got="others may read it",
            )
        if not answer["ok"]:
            yield finding(
                view,
                unusable,
                str(answer["error"]),
                probe,
                source=source,
                cause=f"these files are the operator's, and {speaker.name} reads them at its start alone; where it "
                f"cannot, {speaker.without}",
                remedy=again,
                expected=f"a certificate for {host} in {path}, its key in {key} as PKCS#8, and CAs in {ca}",
                got=str(answer["kind"]),
            )
        elif answer["days"] < SOON:
            yield finding(
                view,
                expires,
                f"{path} is valid for {answer['days']} more days",
                probe,
                source=source,
                remedy=again,
                expected=f"{SOON} days or more",
                got=f"{answer['days']} days",
            )

    return certificate


def _handshakes(speaker: Speaker) -> CheckSpec:
    code = Code(
        speaker.named("PEER_TLS"),
        "critical",
        f"This party's {speaker.name} and another party's come to no TLS.",
        (speaker.kind, "node"),
        outward=True,
    )
    probe = speaker.probe("peers")
    unusable = (f"{speaker.component.upper().replace('-', '_')}_UNUSABLE", speaker.named("CERTIFICATE_UNUSABLE"))

    @service_check(code, component=speaker.component, after=unusable)
    def handshakes(view: ServiceView) -> Iterator[Finding]:
        """The other parties' router takes this party's certificate, and shows one that its CAs signed."""
        failed = [
            (route, str(route.answer["error"]))
            for route in routes_to_parties(view, probe, speaker.kind)
            if route.named == TLS
        ]
        yield from blocked(
            view,
            code,
            failed,
            probe,
            cause="a certificate is expired, is signed by a CA that the other side does not know, or does not name the "
            "host that is asked; or their port speaks plaintext",
            remedy=(
                *(
                    Ask(f"party {route.party}", f"is {route.edge.endpoint} {speaker.port}, and do you know our CA?")
                    for route, _ in failed
                ),
                Edit(
                    f"correct `{speaker.kind}` of that party, or `tls.ca` of {speaker.component} and deploy",
                    instead=True,
                ),
            ),
            expected="a handshake in which each side takes the other's certificate",
        )

    return handshakes

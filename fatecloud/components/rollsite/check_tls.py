"""What can be wrong with the TLS of a rollsite: its own files, and what it and another party's agree on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fatecloud.components.judging import answer_of, as_service, finding, verb
from fatecloud.components.party_routes import blocked, routes_to_parties
from fatecloud.components.rollsite.stale import TLS
from fatecloud.components.rollsite.want import CERTIFICATE, PEERS
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Ask, Edit

SOON = 30
"""Days in which a bank's CA signs another certificate, and a restart is agreed on with the partners."""
UNUSABLE = Code(
    "ROLLSITE_CERTIFICATE_UNUSABLE",
    "critical",
    "Rollsite's certificate, key or CAs cannot be used: it does not reach other parties, or they do not reach it.",
    ("node",),
    explains=("PORT_NOT_LISTENING", "ROLLSITE_PEER_TLS"),
)
EXPIRES = Code("ROLLSITE_CERTIFICATE_EXPIRES", "warning", "Rollsite's certificate expires soon.")
PEER_TLS = Code(
    "ROLLSITE_PEER_TLS",
    "critical",
    "This party's rollsite and another party's come to no TLS.",
    ("proxy", "node"),
    outward=True,
)


@service_check(UNUSABLE, EXPIRES, component="rollsite", while_down=True, early=True)
def certificate(view: ServiceView) -> Iterator[Finding]:
    """Its files work as its user reads them, its certificate names the host that others use, and is long valid."""
    probe = next((probe for probe in view.service.probes if probe.name == CERTIFICATE), None)
    if probe is None:
        return
    answer, (path, key, ca, host) = answer_of(view, CERTIFICATE), probe.argv[-4:]
    again = (
        replace(as_service(view.service, f"openssl x509 -noout -text -in {path}"), looks=True),
        Edit("put files in their place that fit, readable for rollsite's user"),
        replace(verb(view, "restart"), when="when they are there"),
    )
    if not answer["ok"]:
        yield finding(
            view,
            UNUSABLE,
            str(answer["error"]),
            CERTIFICATE,
            source="certificate files of rollsite",
            cause="these files are the operator's, and rollsite reads them at its start alone; where it cannot, it "
            "goes on without its port for TLS",
            remedy=again,
            expected=f"a certificate for {host} in {path}, its key in {key} as PKCS#8, and CAs in {ca}",
            got=str(answer["kind"]),
        )
    elif answer["days"] < SOON:
        yield finding(
            view,
            EXPIRES,
            f"{path} is valid for {answer['days']} more days",
            CERTIFICATE,
            source="certificate files of rollsite",
            remedy=again,
            expected=f"{SOON} days or more",
            got=f"{answer['days']} days",
        )


@service_check(PEER_TLS, component="rollsite", after=("ROLLSITE_UNUSABLE", UNUSABLE.name))
def handshakes(view: ServiceView) -> Iterator[Finding]:
    """The other parties' rollsite takes this party's certificate, and shows one that its CAs signed."""
    failed = [
        (route, str(route.answer["error"])) for route in routes_to_parties(view, PEERS, "proxy") if route.named == TLS
    ]
    yield from blocked(
        view,
        PEER_TLS,
        failed,
        PEERS,
        cause="a certificate is expired, is signed by a CA that the other side does not know, or does not name the "
        "host that is asked; or their port speaks plaintext",
        remedy=(
            *(
                Ask(f"party {route.party}", f"is {route.edge.endpoint} your port for TLS, and do you know our CA?")
                for route, _ in failed
            ),
            Edit("correct `proxy` of that party, or `tls.ca` of rollsite and deploy", instead=True),
        ),
        expected="a handshake in which each side takes the other's certificate",
    )

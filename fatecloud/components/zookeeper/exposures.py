"""What ZooKeeper leaves open, however well everything works."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.judging import open_ports
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import administrator

PLAINTEXT = Code(
    "EXPOSURE_ZOOKEEPER_PLAINTEXT",
    "exposure",
    "What is registered in ZooKeeper, and the password of its account, cross the network without encryption.",
)
MEMBERS = Code(
    "EXPOSURE_ZOOKEEPER_MEMBERS", "exposure", "The members of an ensemble do not ask each other who they are."
)


@service_check(PLAINTEXT, MEMBERS, component="zookeeper", while_down=True)
def exposures(view: ServiceView) -> Iterator[Finding]:
    """What its protocols allow to those who reach its ports, or a network in between."""
    for code, name, what, cause, who in (
        (PLAINTEXT, "client", "speaks without TLS", "serving has no setting for TLS to ZooKeeper", "serving's nodes"),
        (
            MEMBERS,
            "election",
            "believes who says that it is a member",
            "without SASL, which needs Kerberos or a file of passwords, there is no proof",
            "the nodes of the members",
        ),
    ):
        for port in open_ports(view, name):
            # Members are known as such by their addresses alone; what is read on the way stays open to those between.
            if code is MEMBERS and view.service.filtered(port):
                continue
            also = " and that for the quorum" if code is MEMBERS else ""
            limit = "" if view.service.filtered(port) else f"let only {who} reach port {port.number}{also}, and "
            yield Finding(
                code.name,
                code.severity,
                view.subject,
                f"its port {port.number} at {port.bind} {what}",
                cause=cause,
                remedy=(administrator(view.facts.node, f"{limit}use a VPN between sites"),),
                source="inventory",
            )

"""What an inventory asks of other departments: of `preflight --letter`."""

from __future__ import annotations

from typing import Annotated, TypedDict

from fatecloud.report.kinds.base import Count, Rule, Seconds


class RouteDocument(TypedDict):
    """A TCP connection that must be possible, from the end that opens it."""

    way: Annotated[str, Rule(enum=["operate", "inside", "out", "in"])]
    source: str
    source_address: Annotated[str, "Empty if the inventory does not say."]
    target: str
    target_address: str
    port: int
    idle: Annotated[Seconds, "A connection that is silent for so long must still be open."]
    purpose: str


class SupplyDocument(TypedDict):
    """Something that is needed inside a service that others run."""

    place: str
    what: str
    details: dict[str, str]
    sources: Annotated[list[str], "Addresses from which it is used."]
    secret: Annotated[str, "Name of the secret with its password; empty if there is none."]


class LoginDocument(TypedDict):
    """A login on a node."""

    node: str
    user: str
    purpose: str
    means: str
    sudoers: Annotated[str, "The line that sudo needs; empty where it needs none."]


class AccountDocument(TypedDict):
    """A user and group of services on a node."""

    node: str
    user: str
    group: str
    services: list[str]
    made: Annotated[bool, "Whether a deploy makes it."]


class DirectoryDocument(TypedDict):
    """Room on a node."""

    path: str
    size: Annotated[Count, "Bytes to begin with."]
    purpose: str


class MachineDocument(TypedDict):
    """A node."""

    node: str
    address: str
    arch: str
    memory: Annotated[Count, "Bytes that its services take together when they have work."]
    directories: list[DirectoryDocument]
    packages: Annotated[dict[str, list[str]], "By family of distributions."]
    package_source: Annotated[str, Rule(enum=["repos", "store", "preinstalled"])]
    supervision: Annotated[str, Rule(enum=["systemd", "supervisor"])]
    become: Annotated[str, Rule(enum=["root", "service", "none"])]


class RequirementsLetter(TypedDict):
    """`fatecloud preflight --letter`: what an inventory needs, before there is any node."""

    cluster: str
    id: str
    releases: list[str]
    routes: list[RouteDocument]
    names: Annotated[list[str], "Host names that must resolve on the nodes."]
    supplies: list[SupplyDocument]
    logins: list[LoginDocument]
    accounts: list[AccountDocument]
    machines: list[MachineDocument]
    unknown: Annotated[list[str], "Sentences: what the inventory does not say yet."]

"""The inventory, its secrets and its signing key."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

from fatecloud.report.kinds.base import Count, Rule


class InventoryDocument(TypedDict):
    """`fatecloud inventory show`: the inventory with every default filled in."""

    cluster: str
    id: str
    release: Annotated[str | None, "That of the parties."]
    architecture: str | None
    nodes: dict[str, Any]
    parties: dict[str, Any]
    groups: dict[str, Any]
    peers: dict[str, Any]
    origins: Annotated[dict[str, str], "Dotted path of a value -> where it came from."]


class ProblemDocument(TypedDict):
    """Something wrong with an inventory."""

    line: int | None
    column: int | None
    message: str


class CountsDocument(TypedDict):
    """How many things an inventory has."""

    parties: Count
    groups: Count
    nodes: Count
    services: Count
    peers: Count


class InventoryValidation(TypedDict):
    """`fatecloud inventory validate`."""

    file: str
    valid: bool
    cluster: str | None
    releases: Annotated[list[str], "Of its parties and groups, each once; empty if it is not valid."]
    architecture: str | None
    counts: CountsDocument | None
    notes: Annotated[list[str], "What is valid and worth knowing: parties that cannot run a job together, and why."]
    problems: list[ProblemDocument]


class SecretDocument(TypedDict):
    """One secret, without its value."""

    name: str
    origin: Annotated[str, Rule(enum=["generated", "supplied", "missing"])]
    length: Count
    rotating: bool
    used: Annotated[bool, "Whether this inventory needs it."]


class FormerKey(TypedDict):
    """A key that a cluster signed with before."""

    fingerprint: str
    public_key: str
    until: Annotated[str, "The last day on which its signatures count."]


class SigningKey(TypedDict):
    """`fatecloud key show`. It has no private key."""

    cluster: str
    fingerprint: Annotated[str, "`SHA256:...`, as `ssh-keygen -lf` prints it."]
    public_key: Annotated[str, "As OpenSSH writes it."]
    former: list[FormerKey]


class SecretList(TypedDict):
    """`fatecloud secrets list`."""

    items: list[SecretDocument]


class ObjectDocument(TypedDict):
    """Something that one service needs inside another one."""

    giver: Annotated[str, "Key of the service that has it, or `external:mysql`."]
    endpoint: Annotated[str | None, "Where the giver is reached, if others run it."]
    type: Annotated[str, "`mysql.database`."]
    name: str
    service: Annotated[str, "Key of the service that needs it."]
    secret: Annotated[str, "Name of its secret; empty if it has none."]
    details: dict[str, str]


class UnneededObject(TypedDict):
    """Something that was made inside a service, and that no service needs any more."""

    giver: Annotated[str, "Key of the service that has it."]
    type: Annotated[str, "`database`, `account`."]
    name: str
    there: Annotated[bool | None, "Whether the service itself said so; null if it gave no answer."]


class UnneededObjectList(TypedDict):
    """`fatecloud objects show --unneeded`."""

    items: list[UnneededObject]


class ObjectList(TypedDict):
    """`fatecloud objects show`."""

    items: list[ObjectDocument]

"""What a group of serving needs inside an ensemble: all of its tree, and the account that it belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from fatecloud.components.zookeeper.want import ACCOUNT
from fatecloud.model.context import Context
from fatecloud.model.contribution import Contribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree(Contribution):
    """The tree from its top: Serving gives `/` to its account, and drops a path after the address (chroot) silently."""

    kind: ClassVar[str] = "zookeeper.tree"
    claiming: bool = True
    """Whether this service stands for all of its owner, who share the tree."""

    @property
    def claims(self) -> tuple[str, ...]:
        """All of it, once for each owner."""
        return ("tree /",) if self.claiming else ()

    @property
    def details(self) -> dict[str, str]:
        """The account."""
        return {"account": ACCOUNT}


@dataclass(frozen=True, slots=True)
class Login:
    """How services log in to an ensemble."""

    account: str
    secret: str
    """Full name of the account's password."""


def tree(ctx: Context, users: Iterable[str]) -> Tree:
    """What a service asks for, and all services of these components of its owner with it."""
    mine = sorted(user for name in users for user in ctx.services(name) if user.owner == ctx.owner.id)
    return Tree(name="/", service=ctx.id.key, secret=_secret(ctx), claiming=mine[:1] == [ctx.id])


def login_of(ctx: Context) -> Login | None:
    """With what the ensemble that a service uses wants a login; None where its tree is open to all."""
    members = ctx.services("zookeeper")
    owners = ctx.cluster.owners
    guarded = any(owners[member.owner].settings("zookeeper", member.node)["acl"] for member in members)
    return Login(ACCOUNT, _secret(ctx)) if guarded else None


def _secret(ctx: Context) -> str:
    return ctx.secret("zookeeper.fate", of="zookeeper")

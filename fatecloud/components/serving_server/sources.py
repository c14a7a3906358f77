"""What a flow 1.x asks of servers of Serving: to fetch its models. Its party says so by taking them from a group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fatecloud.components.serving_server.want import SERVER
from fatecloud.model.context import Context
from fatecloud.model.contribution import Contribution
from fatecloud.model.endpoint import Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSource(Contribution):
    """Where models come from."""

    kind: ClassVar[str] = "serving-server.source"
    everywhere: ClassVar[bool] = True
    node: str
    """That flow is on."""
    here: Endpoint
    """Where it is reached on its own node."""
    away: Endpoint

    @property
    def claims(self) -> tuple[str, ...]:
        """A server fetches from one flow."""
        return ("source of models",)

    def reached(self, node: str) -> Endpoint:
        """Where it is reached from a node."""
        return self.here if node == self.node else self.away


def sources(ctx: Context) -> tuple[ModelSource, ...]:
    """What a flow asks for, where its party takes servers from a group."""
    if not ctx.services(SERVER):
        return ()
    own, away = ctx.own("http"), ctx.away("http")
    return (ModelSource(name=f"models of {ctx.owner.id}", service=ctx.id.key, node=ctx.node.name, here=own, away=away),)


def source_of(ctx: Context) -> Endpoint | None:
    """Where a server fetches models: what its settings say, else the flow that joined; None where there is none."""
    if ctx.config["flow"]:
        given: Endpoint = ctx.config["flow"]
        return given
    return next((one.reached(ctx.node.name) for one in ctx.contributions(ModelSource)), None)

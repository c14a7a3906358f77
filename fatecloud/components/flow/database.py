"""What a flow needs of a database server."""

from __future__ import annotations

from fatecloud.components.mysql.database import Database, database
from fatecloud.components.serving_server.sources import sources
from fatecloud.model.context import Context
from fatecloud.model.contribution import Contribution


def requires(ctx: Context) -> tuple[Database, ...]:
    """Flow's own database. Where its owner has no server, flow keeps a file instead."""
    served = ctx.external("mysql") is not None or bool(ctx.services("mysql"))
    return (database(ctx, "fate_flow", "fate"),) if served else ()


def with_models(ctx: Context) -> tuple[Contribution, ...]:
    """What flow 1.x needs: its database, and where its party takes servers from a group, that they fetch its models."""
    return (*requires(ctx), *sources(ctx))

"""What a flow needs of a database server."""

from __future__ import annotations

from fatecloud.components.mysql.database import Database, database
from fatecloud.model.context import Context


def requires(ctx: Context) -> tuple[Database, ...]:
    """Flow's own database. Where its owner has no server, flow keeps a file instead."""
    served = ctx.external("mysql") is not None or bool(ctx.services("mysql"))
    return (database(ctx, "fate_flow", "fate"),) if served else ()
